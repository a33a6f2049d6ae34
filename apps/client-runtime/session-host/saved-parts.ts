// SPDX-License-Identifier: Apache-2.0

/** `snapshot-head`: the note of which snapshot the disks come from. */
export const savedParts = ['suspended-state', 'snapshot-memory', 'snapshot-head'] as const
export type SavedPart = (typeof savedParts)[number]
