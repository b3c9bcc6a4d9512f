import type { Recording } from './recording.ts';
export function renderHtml(_recording: Recording): string {
  return '';
}
