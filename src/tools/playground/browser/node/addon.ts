// What stands for the addon in a page, with the constants and structs of Linux.

import darwin from '../../../../kernel/darwin-abi.json' with { type: 'json' };
import noKernel from '../../../../kernel/no-kernel.cjs';
import linux from '../../linux-abi.json' with { type: 'json' };

// The calls have the same names everywhere.
export default noKernel('linux', darwin.calls, linux);
