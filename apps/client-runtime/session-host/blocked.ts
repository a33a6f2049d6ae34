// SPDX-License-Identifier: Apache-2.0
//
// Blocked: fail closed, by name. While a session is blocked its VM does not run a single instruction and shows nothing;
// only ending the session leaves this state. A fault that is not in the table blocks too, as `internal-fault`.
import type { BlockedReason } from '../local-api.ts'

const HELP_DESK = 'Ask your help desk and read this code to them.'

/** Fault codes of the package, of the engine and of the session host itself, in words for people. */
const WORDS: Readonly<Record<string, readonly [sentence: string, nextStep: string]>> = {
  'package-missing': ['This desktop has not been fetched to this computer.', 'Fetch the desktop again, then start it.'],
  'package-altered': ['The description of this desktop is not the one that was approved.', HELP_DESK],
  'manifest-invalid': [
    'The description of this desktop cannot be read by this version.',
    'Update Casemate on this computer, then start the desktop again.',
  ],
  'key-invalid': ['The key that came for this desktop does not open it.', HELP_DESK],
  'root-altered': ['A disk of this desktop was altered, or its key does not fit.', HELP_DESK],
  'page-altered': ['A disk of this desktop was altered.', HELP_DESK],
  'chunk-altered': ['Part of a disk of this desktop was altered and no intact copy could be had.', HELP_DESK],
  'chunk-missing': [
    'Part of a disk of this desktop is missing and could not be fetched.',
    'Check the network connection, then start the desktop again.',
  ],
  'overlay-mismatch': ['The saved disk of this desktop belongs to another instance or release.', HELP_DESK],
  'overlay-altered': ['The saved disk of this desktop is damaged.', HELP_DESK],
  'state-altered': ['The suspended state of this desktop was altered.', HELP_DESK],
  'state-mismatch': ['The suspended state of this desktop belongs to another release or engine.', HELP_DESK],
  'capability-missing': ['This computer cannot run the desktop as its policy asks.', HELP_DESK],
  'containment-missing': [
    'This computer lacks what is needed to keep a desktop apart from it.',
    'Install what the detail names, then start the desktop again.',
  ],
  'engine-missing': ['The program that runs the desktop is not installed.', 'Install what the detail names, then start the desktop again.'],
  'firmware-missing': ['The firmware that the desktop boots from is not installed.', 'Install what the detail names, then start the desktop again.'],
  'uplink-missing': ['This computer lacks what gives a desktop its listed network.', 'Install what the detail names, then start the desktop again.'],
  'instance-busy': ['This desktop is open already.', 'Use the session that is open, or end it first.'],
  'vm-exited': ['The program that runs the desktop ended by itself.', 'Start the desktop again; if it happens once more, ask your help desk.'],
}

/** Codes for which a retry without anybody's help makes sense are not blocked but held; everything else comes here. */
export function blockedBy(fault: unknown): BlockedReason {
  const code = codeOf(fault)
  const words = WORDS[code]
  const detail = fault instanceof Error ? fault.message : String(fault)
  if (words === undefined) {
    return { code: 'internal-fault', sentence: 'Something failed that should not, so the desktop was stopped.', nextStep: HELP_DESK, detail }
  }
  return { code, sentence: words[0], nextStep: words[1], detail }
}

function codeOf(fault: unknown): string {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : ''
}
