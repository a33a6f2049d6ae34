// SPDX-License-Identifier: Apache-2.0
//
// What the launcher and the command line say of a refusal: the reasons of the decision where there are any, and words for the other
// codes of the daemon and the console. A code without words keeps the message that came with it.

export interface Refusal {
  readonly code: string
  readonly message: string
  readonly reasons: readonly {
    readonly code: string
    readonly sentence: string
    readonly nextStep: string
    readonly whomToAsk: 'help-desk' | 'administrator' | 'nobody'
  }[]
}

export interface RefusalWords {
  readonly code: string
  readonly sentence: string
  readonly nextStep: string
  /** Empty where nobody need be asked. */
  readonly ask: string
}

const HELP_DESK = 'Ask your help desk.'
const ADMINISTRATOR = 'Ask your administrator.'
const asks = { 'help-desk': HELP_DESK, administrator: ADMINISTRATOR, nobody: '' } as const

type Words = readonly [sentence: string, nextStep: string, ask?: string]
const NEW_CODE = 'Ask for a new enrolment code.'

const words: Readonly<Record<string, Words>> = {
  'drive-refused': ['This desktop has no such drive now, or its policies give it none.', 'Start the desktop first.', ADMINISTRATOR],
  'medium-invalid': ['This file is no image of a disc or floppy that the drive reads.', 'Choose an ISO image, or a floppy image of 1.44 MB.'],
  'medium-unreadable': ['This file cannot be read.', 'Check its name and that you may read it.'],
  'usb-changed': ['The USB device became one that may not be in this desktop.', 'Leave it on this computer.', ADMINISTRATOR],
  'usb-gone': ['The USB device could not be taken from this computer.', 'Plug it in again, and check that you may use it.', HELP_DESK],
  'usb-in-use': ['The USB device is in this desktop already.', 'Nothing more is needed.'],
  'usb-missing': ['USB devices cannot be given to desktops on this computer.', 'See `casemate doctor`.', HELP_DESK],
  'usb-not-now': ['A desktop takes USB devices only while it is open.', 'Start the desktop first.'],
  'usb-protocol': ['What came from the USB device could not be understood, so it was taken out.', 'Try another device.', HELP_DESK],
  'usb-refused': ['The policies of this desktop do not allow this USB device now.', 'Use it outside the desktop.', ADMINISTRATOR],
  'usb-rejected': ["The desktop's USB controller does not take this device, or has no free place.", 'Take another device out first.', HELP_DESK],
  'usb-unknown': ['There is no such USB device, or more than one.', 'Look at `casemate usb list`, and name the place.'],
  'usb-unsupported': ['The machine of this desktop has no USB controller.', 'Nothing can be plugged into it.', ADMINISTRATOR],
  'activation-not-for-user': ['This desktop is not meant for the user of this computer.', 'Ask to be listed for it.', ADMINISTRATOR],
  'activation-refused': ['The activation password or key is not right.', 'Check it and try again.', HELP_DESK],
  'activation-used-up': ['This desktop has been activated as often as is allowed.', 'Ask for another activation.', ADMINISTRATOR],
  'administrator-mode-locked': ['Too many wrong passwords were typed for the administrator mode.', 'Wait and try again.', ADMINISTRATOR],
  'administrator-mode-off': [
    'This desktop is not in administrator mode, or its policies allow none here.',
    'Nothing more can be done here.',
    ADMINISTRATOR,
  ],
  'administrator-mode-too-long': ['The policies do not allow administrator mode for that long.', 'Choose fewer minutes.'],
  'already-activated': ['This desktop is activated on this computer already.', 'Start it.'],
  'already-enrolled': ['This computer is enrolled already.', 'Nothing more is needed.'],
  'console-unreachable': ['The console of the organisation could not be reached.', 'Check the network connection and try again.', HELP_DESK],
  'daemon-not-running': ['The Casemate service does not run on this computer.', 'Start it and try again.'],
  'desktop-unknown': ['There is no such desktop for this computer.', 'Look at the list of desktops.', HELP_DESK],
  'device-key-elsewhere': ['The key of this device was sealed on another computer or by another user.', 'Enrol this computer afresh.', ADMINISTRATOR],
  'device-suspended': ['Your organisation has suspended this computer.', 'Nothing can be activated until that is lifted.', ADMINISTRATOR],
  'enrolment-code-expired': ['This enrolment code has expired.', NEW_CODE, ADMINISTRATOR],
  'enrolment-code-invalid': ['This is no enrolment code, or part of it is missing or mistyped.', 'Copy the whole code, from `CASEMATE1` to its end.'],
  'enrolment-expired': ['This enrolment code has expired.', NEW_CODE, ADMINISTRATOR],
  'enrolment-refused': ['The organisation does not know this enrolment code.', NEW_CODE, ADMINISTRATOR],
  'enrolment-used': ['This enrolment code was used already; each enrols one computer.', NEW_CODE, ADMINISTRATOR],
  'escrow-key-unapproved': ['One of these shares is of an administrator who is no longer approved for this.', 'Ask another one.', ADMINISTRATOR],
  'escrow-missing': ['Your organisation keeps no shares of the keys of its desktops.', 'A forgotten password cannot be reset.', ADMINISTRATOR],
  'escrow-share-altered': ['One of these shares is not the one that this computer made.', 'Have it opened again.', ADMINISTRATOR],
  'escrow-share-foreign': ['One of these shares is of another desktop or computer.', 'Ask for those of this one.', ADMINISTRATOR],
  'escrow-share-invalid': ['One of these files is no share that an administrator has opened.', 'Ask for it again.', ADMINISTRATOR],
  'escrow-share-older': ['These shares were used up by an earlier reset.', 'Ask for newer ones.', ADMINISTRATOR],
  'escrow-shares-mixed': ['These shares were made at different times and do not belong together.', 'Ask for those of one time.', ADMINISTRATOR],
  'escrow-shares-too-few': ['These shares are too few.', 'Ask more administrators for theirs.', ADMINISTRATOR],
  'eula-altered': ['The licence that came is not the one that was approved, so it is not shown.', 'Try again later.', HELP_DESK],
  'eula-changed': ['The licence is another one by now.', 'Read it again.'],
  'grant-missing': ['The help desk has granted nothing of the kind for this desktop, or it is over or was used.', 'Ask for it.', HELP_DESK],
  'grant-refused': ['The policies do not let your help desk grant this.', 'Ask whether they can be changed.', ADMINISTRATOR],
  'instance-key-older': [
    'An older copy of this desktop was put back, from before its password was changed, so it does not open.',
    'Put the present one back, or have the password reset.',
    HELP_DESK,
  ],
  'instance-busy': ['This desktop is in use by another program of Casemate.', 'Wait a moment, then try it again.', HELP_DESK],
  'journal-altered': ['The journal of this computer was altered, so nothing runs.', 'Report this code.', HELP_DESK],
  'journal-full': ['The journal of this computer is full, so nothing runs.', 'Connect to the network; it empties by itself.', HELP_DESK],
  'move-needless': ['This desktop is bound to this computer already.', 'Start it.'],
  'moved-instance-invalid': ['This is not the folder of a desktop, or part of it is damaged.', 'Copy it again, whole.'],
  'not-assigned': ['This desktop is not assigned to this computer.', 'Ask for it to be assigned.', ADMINISTRATOR],
  'not-enrolled': ['This computer is not enrolled in an organisation.', 'Enrol it with the code of your organisation.'],
  'override-device': ['This override was made for another computer.', 'Ask for one for this computer.', HELP_DESK],
  'override-expired': ['This override is over.', 'Ask for another one.', HELP_DESK],
  'override-issuer': ['This override comes from another organisation.', 'Ask your own for one.', HELP_DESK],
  'override-not-yet-valid': ['This override does not hold yet.', 'Check the clock of this computer.', HELP_DESK],
  'override-used': ['This override was taken already.', 'Nothing more is needed.'],
  'passwords-differ': ['The two passwords are not the same.', 'Type both again.'],
  'pin-mismatch': ['Another server answers in place of the console that the code names, so nothing was sent to it.', 'Do not go on.', HELP_DESK],
  'request-refused': ['The desktop does not take that now; its policy decides what is offered.', 'Look at its state.'],
  'rescue-code-invalid': ['This is no code, or part of it is missing.', 'A code has twenty letters and digits.'],
  'rescue-code-used': ['This code was used already; each works once.', 'Ask for another one.', HELP_DESK],
  'rescue-code-wrong': ['This code does not belong to this request.', 'Compare both with your help desk, letter by letter.', HELP_DESK],
  'root-mismatch': ['The console does not have the root of trust that the code names, so it was not believed.', 'Do not go on.', HELP_DESK],
  'saved-state-kept': [
    'The saved state of this desktop can be read, and it is not to be switched off.',
    'Start it: it goes on from there.',
    ADMINISTRATOR,
  ],
  'saved-state-none': ['This desktop has no saved state.', 'Start it: it boots.'],
  'sealing-key-failed': ['There is no place to keep the key that seals the key of this device.', 'Look at the message of the service.', HELP_DESK],
  'session-failed': ['The desktop could not be started.', 'Look at the checks of this computer.', HELP_DESK],
  'session-open': ['This desktop is open already.', 'Open its screen.'],
  'setting-unknown': ['There is no such setting.', 'Ask without it to see them all.'],
  'snapshot-altered': ['This snapshot was altered, so it is not used.', 'It can only be deleted.', HELP_DESK],
  'snapshot-failed': ['No snapshot could be kept; the desktop goes on.', 'Make room on the disk, then try it again.'],
  'snapshot-foreign': ['This snapshot was taken under another release of the desktop.', 'Choose one of the present release.'],
  'snapshot-not-now': ['The desktop takes this only while it runs.', 'Start it or let it go on, then try it again.'],
  'snapshot-refused': ['The policies of this desktop do not allow this with snapshots.', 'Nothing more can be done here.', ADMINISTRATOR],
  'snapshot-unknown': ['There is no such snapshot.', 'Look at the list of snapshots.'],
  'snapshot-unsupported': ['Of this desktop no snapshots can be kept.', 'Nothing more can be done here.', ADMINISTRATOR],
  'snapshots-full': ['This desktop has as many snapshots as it may have.', 'Delete one of them, then try it again.'],
  'token-refused': ['The address of this page is not the present one.', 'Open the one that `casemate open` prints.'],
  'too-many-requests': ['Too many tries.', 'Wait a minute, then try again.'],
  'tpm-challenge-refused': ['The TPM of this computer did not answer the question of the console.', 'Try again.', ADMINISTRATOR],
  'tpm-failed': ['The TPM of this computer did not do what was asked.', 'Try again; without a TPM, enrol with `--key software`.', HELP_DESK],
  'tpm-missing': [
    'No TPM can be used on this computer.',
    'Install `tpm2-tools` and let this user use `/dev/tpmrm0`, or enrol with `--key software`.',
  ],
  unavailable: ['The console cannot answer just now.', 'Try again in a minute.', HELP_DESK],
}

export const networkModes = {
  none: 'no network',
  listed: 'listed servers only',
  'host-only': 'this computer only',
  isolated: 'isolated network',
} as const

/** Why a packet of a guest was refused, by the reason that the switch gives. */
const refusedPackets: Readonly<Record<string, string>> = {
  unlisted: 'no rule lists it',
  denied: 'a rule denies it',
  dns: 'no rule lists that name',
  'direct-dns': 'names are asked of the switch alone',
  'withheld-address': 'that name has no address that its rule leaves',
  'host-address': 'it is this computer, and no rule is for that',
  'host-unknown': 'the addresses of this computer are not known',
  'special-address': 'it is loopback, link-local or reserved',
  'switch-address': 'it is the switch itself',
  spoofed: 'it is not under its own address',
  malformed: 'it is malformed',
  fragment: 'it is a fragment',
  'ip-options': 'it has IP options',
  'extension-header': 'it has an extension header, as what a guest tells of its multicast groups',
  ethertype: 'it is no IPv4 or IPv6 that may pass here',
  protocol: 'that protocol does not pass',
  unasked: 'it answers nothing that was asked',
  'no-uplink': 'there is no way out now',
  'too-many-flows': 'too many connections are open',
  'too-many-names': 'too many names are asked for',
}

export function refusedWords(reason: string): string {
  return refusedPackets[reason] ?? 'it is not allowed'
}

export function refusalWords({ code, message, reasons }: Refusal): RefusalWords {
  const [reason] = reasons
  if (reason !== undefined) return { code: reason.code, sentence: reason.sentence, nextStep: reason.nextStep, ask: asks[reason.whomToAsk] }
  const [sentence = asSentence(message), nextStep = '', ask = ''] = words[code] ?? []
  return { code, sentence, nextStep, ask }
}

function asSentence(message: string): string {
  const text = message.replace(/[.!?]?$/, '.')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
