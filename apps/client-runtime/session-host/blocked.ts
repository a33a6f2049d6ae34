// SPDX-License-Identifier: Apache-2.0
//
// Blocked: fail closed, by name. While a session is blocked its VM does not run a single instruction and shows nothing; only ending
// the session leaves this state. The table has a row for every code that engine and package can fail with: adding a code there does
// not compile here until somebody has found words for it.
import type { EngineErrorCode } from '@casemate/engine/error'
import { PackageError, type PackageErrorCode } from '@casemate/vm-package/error'
import type { BlockedReason } from '../local-api.ts'
import type { InstanceBusy } from './instance-lock.ts'
import type { ScriptErrorCode } from './scripts/error.ts'
import type { SnapshotErrorCode } from './snapshots/error.ts'

type FaultCode = EngineErrorCode | ScriptErrorCode | PackageErrorCode | InstanceBusy['code'] | SnapshotErrorCode | 'package-missing'
type Words = readonly [sentence: string, nextStep: string]

const HELP_DESK = 'Ask your help desk and read this code to them.'
const FETCH = 'Check the network connection, then start the desktop again.'
const INSTALL = 'Install what the detail names, then start the desktop again.'
const DISCARD = 'Ask your help desk; or discard the saved state, and the desktop boots over its disks.'
const AGAIN = 'Start the desktop again; if it happens once more, ask your help desk.'

const ALTERED_PART: Words = ['Part of a disk of this desktop was altered and no intact copy could be had.', HELP_DESK]
const ALTERED_DISK: Words = ['A disk of this desktop was altered, or its key does not fit.', HELP_DESK]
const MISSING_PART: Words = ['Part of a disk of this desktop is missing and could not be fetched.', FETCH]
const ENGINE_ENDED: Words = ['The program that runs the desktop ended by itself.', AGAIN]
const ENGINE_FAULT: Words = ['The program that runs the desktop did not do what it should, so it was stopped.', AGAIN]
const WRONG_KEY: Words = ['The key that came for this desktop does not open it.', HELP_DESK]
/** A fault of ours: this step does not happen in a session, or must not. */
const INTERNAL: Words = ['Something failed that should not, so the desktop was stopped.', HELP_DESK]

const WORDS: Readonly<Record<FaultCode, Words>> = {
  'package-missing': ['This desktop has not been fetched to this computer.', 'Fetch the desktop again, then start it.'],
  'manifest-altered': ['The description of this desktop is not the one that was approved.', HELP_DESK],
  'manifest-invalid': [
    'The description of this desktop cannot be read by this version.',
    'Update Casemate on this computer, then start the desktop again.',
  ],
  'json-duplicate-key': ['The description of this desktop cannot be read.', HELP_DESK],
  'json-invalid': ['The description of this desktop cannot be read.', HELP_DESK],
  'key-invalid': WRONG_KEY,
  'key-refused': WRONG_KEY,
  'customization-altered': ['What this desktop was set up with was altered.', HELP_DESK],
  'customization-invalid': ['The set-up files of this desktop cannot be used.', HELP_DESK],
  'customization-missing': ['The set-up files of this desktop could not be fetched.', FETCH],
  'customization-secret-missing': [
    'A secret that this desktop is set up with has not come with the permission of this computer.',
    'Ask your administrator to give the desktop its secrets, then start it again.',
  ],
  'scripts-altered': ['A check that your organisation runs before this desktop starts was altered.', HELP_DESK],
  'scripts-invalid': ['The checks that your organisation runs before this desktop starts cannot be used.', HELP_DESK],
  'scripts-missing': ['The checks that your organisation runs before this desktop starts could not be fetched.', FETCH],
  'script-failed': ['A check that your organisation runs before this desktop starts did not pass.', HELP_DESK],
  'script-late': ['A check that your organisation runs before this desktop starts did not end in time.', AGAIN],
  'script-unknown': ['The policy of this desktop asks for a check that the desktop does not bring.', HELP_DESK],
  'warm-state-altered': ['The prepared start of this desktop was altered and no intact copy could be had.', HELP_DESK],
  'warm-state-invalid': [
    'The prepared start of this desktop cannot be read by this version.',
    'Update Casemate on this computer, then start the desktop again.',
  ],
  // Then it boots as it would without.
  'warm-state-missing': INTERNAL,
  'handover-incomplete': INTERNAL,
  'handover-invalid': INTERNAL,
  'handover-unreadable': INTERNAL,
  'eula-invalid': INTERNAL,
  'eula-missing': INTERNAL,
  'prefetch-altered': INTERNAL,
  'prefetch-invalid': INTERNAL,
  'prefetch-missing': INTERNAL,
  'root-altered': ALTERED_DISK,
  'page-altered': ALTERED_DISK,
  'chunk-altered': ALTERED_PART,
  'object-altered': ALTERED_PART,
  'object-too-long': ALTERED_PART,
  'root-missing': MISSING_PART,
  'page-missing': MISSING_PART,
  'chunk-missing': MISSING_PART,
  'chunk-late': MISSING_PART,
  'store-missing': ['The place that this desktop is fetched from does not exist.', HELP_DESK],
  'store-unwritable': [
    'There is no room, or no right, to keep parts of this desktop on this computer.',
    'Make room on the disk, then start the desktop again.',
  ],
  'overlay-mismatch': ['The saved disk of this desktop belongs to another instance or release.', HELP_DESK],
  'overlay-altered': ['The saved disk of this desktop is damaged.', HELP_DESK],
  'overlay-in-use': ['The saved disk of this desktop is in use by another program.', AGAIN],
  'overlay-exists': INTERNAL,
  'overlay-read-only': INTERNAL,
  'image-failed': ['The saved disk of this desktop could not be made.', 'Make room on the disk, then start the desktop again.'],
  'state-altered': ['The suspended state of this desktop was altered.', DISCARD],
  'state-mismatch': ['The suspended state of this desktop belongs to another release, engine or machine.', DISCARD],
  'suspend-failed': ['The desktop could not be suspended.', 'Make room on the disk; the desktop can only be switched off now.'],
  // A session blocks by these two while it brings a snapshot back; the others are answers to whoever asked.
  'snapshot-altered': ['The snapshot that this desktop is being brought back to was altered.', DISCARD],
  'snapshot-unknown': ['The snapshot that this desktop is being brought back to is gone.', DISCARD],
  'snapshot-failed': ['No snapshot of this desktop could be kept.', 'Make room on the disk, then try it again.'],
  'snapshot-foreign': ['The snapshot was taken under another release of this desktop.', 'Choose a snapshot of the present release.'],
  'snapshot-not-now': ['A desktop takes this only while it is open.', 'Start the desktop, or let it go on, then try it again.'],
  'snapshot-refused': ['Your organisation does not allow this with snapshots.', HELP_DESK],
  'snapshot-unsupported': ['Of this desktop no snapshots can be kept.', HELP_DESK],
  'snapshots-full': ['This desktop has as many snapshots as it may have.', 'Delete one of them, then try it again.'],
  // Its session is held by it, never blocked.
  'disk-growth-reached': INTERNAL,
  'capability-missing': ['This computer cannot run the desktop as its policy asks.', HELP_DESK],
  'containment-missing': ['This computer lacks what is needed to keep a desktop apart from it.', INSTALL],
  'engine-missing': ['The program that runs the desktop is not installed.', INSTALL],
  'firmware-missing': ['The firmware that the desktop boots from is not installed.', INSTALL],
  'uplink-missing': ['This computer lacks what gives a desktop its listed network.', INSTALL],
  // A session goes on without the device.
  'usb-changed': INTERNAL,
  'usb-gone': INTERNAL,
  'usb-missing': INTERNAL,
  'usb-protocol': INTERNAL,
  'usb-refused': INTERNAL,
  'usb-rejected': INTERNAL,
  'instance-busy': ['This desktop is open already.', 'Use the session that is open, or end it first.'],
  'vm-exited': ENGINE_ENDED,
  'engine-failed': ENGINE_ENDED,
  'engine-protocol': ENGINE_FAULT,
  'qmp-failed': ENGINE_FAULT,
  'rfb-protocol': ENGINE_FAULT,
  'time-out': ENGINE_FAULT,
  'tpm-failed': ['The security chip of this desktop does not open.', HELP_DESK],
  'guest-agent-missing': ENGINE_FAULT,
  'guest-agent-protocol': ENGINE_FAULT,
  'guest-agent-refused': ENGINE_FAULT,
  'guest-file-too-large': ENGINE_FAULT,
  'nbd-closed': ENGINE_FAULT,
  'nbd-protocol': ENGINE_FAULT,
  'nbd-read-failed': ENGINE_FAULT,
  'nbd-write-failed': ENGINE_FAULT,
  'network-closed': ENGINE_FAULT,
  'network-protocol': ENGINE_FAULT,
  'network-rule-invalid': ['The network rules of this desktop cannot be kept here.', HELP_DESK],
  // A folder that is not served blocks nothing.
  'folder-failed': INTERNAL,
  'lifecycle-refused': INTERNAL,
  'spec-invalid': INTERNAL,
  'range-invalid': INTERNAL,
  'appliance-digest': INTERNAL,
  'appliance-invalid': INTERNAL,
  'appliance-refers-elsewhere': INTERNAL,
  'appliance-unsupported': INTERNAL,
  'disk-empty': INTERNAL,
  'image-damaged': INTERNAL,
  'image-refers-elsewhere': INTERNAL,
  'image-unsupported': INTERNAL,
  'tool-missing': INTERNAL,
  'disk-invalid': INTERNAL,
  'disk-too-large': INTERNAL,
  'claim-lapsed': INTERNAL,
  'object-missing': INTERNAL,
  'object-name-invalid': INTERNAL,
  'object-truncated': INTERNAL,
  'object-unreadable': INTERNAL,
  'seal-cancelled': INTERNAL,
  'source-changed': INTERNAL,
  'source-unreadable': INTERNAL,
  'store-busy': INTERNAL,
  'store-full': INTERNAL,
}

const isFaultCode = (code: string): code is FaultCode => Object.hasOwn(WORDS, code)

/** The object of the package of which no intact copy could be had, or null. */
export function alteredObject(fault: unknown): string | null {
  return fault instanceof PackageError && fault.code.endsWith('-altered') ? (fault.subject.object ?? null) : null
}

/** The reason for any fault; one without a code of the table is `internal-fault`. */
export function blockedBy(fault: unknown): BlockedReason {
  const detail = fault instanceof Error ? fault.message : String(fault)
  const code = fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : ''
  const [sentence, nextStep] = isFaultCode(code) ? WORDS[code] : INTERNAL
  return { code: isFaultCode(code) ? code : 'internal-fault', sentence, nextStep, detail }
}
