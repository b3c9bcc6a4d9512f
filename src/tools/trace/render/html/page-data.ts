// What html.ts embeds in the page as JSON, and browser/model.ts reads: types alone.

import type { Recording } from '../../../../interpose/recorder/recording.ts';
import type { Phase } from '../../words.ts';
import type { Lane } from '../lanes.ts';

/** What the page has: the recording, and what is known of its calls and packets in the same order. */
export interface PageData {
  recording: Recording;
  /** When the first step is, in nanoseconds. */
  begin: number;
  lanes: Lane[];
  calls: CallFacts[];
  packets: PacketFacts[];
  steps: StepData[];
}

export interface CallFacts {
  /** The lane's index. */
  lane: number;
  /** Whether its time off the processor was a wait. */
  slept: boolean;
  /** How long it was off the processor without that it waited, where it is worth telling: nanoseconds. */
  off?: number;
  /** The indices of the arguments in which the kernel leaves something. */
  filled?: number[];
  /** What it sent, received or read, in quotation marks; '' for any other call. */
  message: string;
  /** The descriptors that its process watches for reading from then on, where the call says it. */
  rfds?: number[];
}

export interface PacketFacts {
  /** Lanes' indices; none for an end that was not recorded. */
  source?: number;
  destination?: number;
  /** The index of the call that made it. */
  call?: number;
  message: string;
}

/** What a step says of itself. */
export interface StepText {
  at: number;
  /** What happened. */
  sentence: string;
  /** What follows from it, in further sentences. */
  more?: string;
}

/** A call or a packet, by its index; of a call also what stands beside its name in its lane. */
export type StepData = StepText & ({ call: number; phase: Phase; brief: string } | { packet: number });
