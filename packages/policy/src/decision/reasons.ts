// SPDX-License-Identifier: Apache-2.0
//
// Why something is refused: a closed list. Launcher, CLI, journal and console say the same words; programs branch on the code alone.

/** Whom a person turns to: whoever can do something about it. */
export type WhomToAsk = 'help-desk' | 'administrator' | 'nobody'

export interface Reason {
  readonly code: ReasonCode
  readonly sentence: string
  readonly nextStep: string
  readonly whomToAsk: WhomToAsk
}

type Text = readonly [sentence: string, nextStep: string, whomToAsk: WhomToAsk]

const missingWords = {
  password: ['This desktop asks for its password', 'Type the password'],
  script: ['A script of this desktop decides who may start it, and has not let you', 'Do what the script asks for'],
  directory: ['This desktop asks who you are', 'Sign in to your organisation'],
} as const

const online = 'Connect to the network; the desktop asks for a new permission by itself'

/**
 * In the order of the checks of `decide`; `eula-not-accepted` is checked before an activation is asked for, `update-due` for a VM that
 * runs another package.
 */
const texts = {
  'clock-behind': ({ system, floor }: { readonly system: number; readonly floor: number }): Text => [
    `The clock of this computer says ${time(system)}, although it is at least ${time(floor)}`,
    'Set the clock right, or connect to the network',
    'help-desk',
  ],
  'lease-missing': (): Text => ['This computer has no permission to run desktops', online, 'help-desk'],
  'lease-foreign': (): Text => ['The permission on this computer was made for another one', 'Enrol this computer', 'help-desk'],
  'lease-older': ({ found, floor }: { readonly found: number; readonly floor: number }): Text => [
    `The permission number ${found} is older than number ${floor}, which this computer has already seen`,
    online,
    'help-desk',
  ],
  'lease-suspended': ({ why, contact }: { readonly why: string; readonly contact: string }): Text => [
    `Your organisation has suspended this computer: ${why}`,
    `Ask ${contact}`,
    'administrator',
  ],
  'lease-not-yet-valid': ({ from }: { readonly from: number }): Text => [
    `The permission starts at ${time(from)}`,
    'Set the clock right',
    'help-desk',
  ],
  'lease-expired': ({ at }: { readonly at: number }): Text => [`The permission to run desktops ended at ${time(at)}`, online, 'help-desk'],
  'repository-behind': ({ role }: { readonly role: string }): Text => [
    `What this computer knows of the approved releases is too old (\`${role}\`)`,
    'Connect to the network and wait for the update',
    'help-desk',
  ],
  'desktop-not-assigned': ({ desktop }: { readonly desktop: string }): Text => [
    `The desktop \`${desktop}\` is not assigned to this computer`,
    'Ask for the desktop to be assigned',
    'administrator',
  ],
  'release-older': ({ found, floor }: { readonly found: number; readonly floor: number }): Text => [
    `Release ${found} of this desktop is older than release ${floor}`,
    'Wait for the update to the newer release',
    'help-desk',
  ],
  'release-mismatch': (): Text => [
    'The release on this computer is not the one that is assigned to it',
    'Connect to the network and wait for the update',
    'administrator',
  ],
  'package-altered': (): Text => [
    'A file of this desktop was changed after it was approved, and no intact copy is at hand',
    'Connect to the network so that it can be fetched again',
    'help-desk',
  ],
  'policy-missing': ({ path }: { readonly path: string }): Text => [
    `The policy \`${path}\`, which applies to this computer, is not here as it was approved`,
    'Connect to the network and wait for the update',
    'help-desk',
  ],
  'runtime-too-old': ({ found, least }: { readonly found: string; readonly least: string }): Text => [
    `This desktop needs version ${least} of the runtime; this is ${found}`,
    'Update the runtime',
    'help-desk',
  ],
  'package-not-yet-valid': ({ from }: { readonly from: number }): Text => [
    `This desktop can be used from ${time(from)} on`,
    'Wait until then',
    'administrator',
  ],
  'package-expired': ({ at }: { readonly at: number }): Text => [
    `This version of the desktop could be used until ${time(at)}`,
    'Connect to the network to get a newer one',
    'administrator',
  ],
  'eula-not-accepted': (): Text => [
    'The licence of this desktop has not been accepted on this computer',
    'Read it, and accept it to go on',
    'nobody',
  ],
  /** `consent`: the policies let it be bound to this one. */
  'instance-moved': ({ consent }: { readonly consent: boolean }): Text => [
    'This desktop was brought here from another computer, and its disks are bound to that one',
    consent ? 'Ask for it to be bound to this one' : 'Use it there, or remove it here and activate the desktop afresh',
    consent ? 'help-desk' : 'administrator',
  ],
  'activation-needed': (): Text => ['This desktop is not activated on this computer', 'Activate it', 'help-desk'],
  'policy-too-large': (): Text => [
    'The network rules of the policies together are too many to be enforced',
    'Have the policies made simpler',
    'administrator',
  ],
  'host-refuses': ({ desktop, organisation }: { readonly desktop: string; readonly organisation: string }): Text => [
    `\`${organisation}\` does not let the desktop \`${desktop}\` run on this computer`,
    `Have it listed by \`${organisation}\``,
    'administrator',
  ],
  'posture-failed': ({ faults }: { readonly faults: readonly string[] }): Text => [
    `This computer is not as your organisation asks for it: ${faults.join(', ')}`,
    'Put it right, and start the desktop again',
    'help-desk',
  ],
  /** `extendable`: the policies let a help desk go beyond this moment. */
  'instance-expired': ({ at, extendable, text }: { readonly at: number; readonly extendable: boolean; readonly text: string | null }): Text => [
    `This desktop could be used until ${time(at)}${text === null ? '' : `. ${text}`}`,
    extendable ? 'Ask for an extension' : 'Ask whether the policy can be changed',
    extendable ? 'help-desk' : 'administrator',
  ],
  'offline-too-long': ({ since }: { readonly since: number }): Text => [
    `This computer was last in contact at ${time(since)}, which is too long ago`,
    online,
    'help-desk',
  ],
  'offline-runtime-used-up': ({ minutes }: { readonly minutes: number }): Text => [
    `The ${minutes} minutes that desktops may run without contact are used up`,
    online,
    'help-desk',
  ],
  'offline-boots-used-up': ({ boots }: { readonly boots: number }): Text => [
    `The ${boots} starts that desktops may have without contact are used up`,
    online,
    'help-desk',
  ],
  'authentication-impossible': (): Text => [
    'Nothing that could be presented opens this desktop under its policies',
    'Have the policies made to agree',
    'administrator',
  ],
  'authentication-locked': ({ until }: { readonly until: number }): Text => [
    `Too many wrong passwords; the next try is possible at ${time(until)}`,
    'Wait, or have the password reset',
    'help-desk',
  ],
  'authentication-unset': (): Text => ['This desktop has no password yet', 'Choose one', 'nobody'],
  'authentication-missing': ({ mode }: { readonly mode: keyof typeof missingWords }): Text => [...missingWords[mode], 'help-desk'],
  'authentication-again': (): Text => ['The screen of this desktop is locked', 'Type the password again', 'help-desk'],
  'authentication-wrong': (): Text => ['The password is wrong', 'Type the password again', 'help-desk'],
  'engine-missing': ({ engine }: { readonly engine: string }): Text => [
    `This computer cannot run desktops with \`${engine}\``,
    'Have the engine installed, or its containment made possible',
    'help-desk',
  ],
  'capability-missing': ({ engine, capability }: { readonly engine: string; readonly capability: string }): Text => [
    `\`${engine}\` cannot enforce \`${capability}\`, which the policy needs`,
    'Have the missing part installed, or use another computer',
    'help-desk',
  ],
  'update-due': ({ version }: { readonly version: string }): Text => [
    `Version ${version} of this desktop had to be taken by now`,
    'Start the desktop again; it starts in the new version',
    'nobody',
  ],
  'decision-failed': (): Text => ['The decision could not be made, so nothing runs', 'Report this; it is an error of the product', 'help-desk'],
}

export type ReasonCode = keyof typeof texts
type Details = { readonly [C in ReasonCode]: Parameters<(typeof texts)[C]> }
const table: { readonly [C in ReasonCode]: (...details: Details[C]) => Text } = texts

/** In the order of the checks of `decide`. */
export const reasonCodes = Object.keys(texts).filter((code): code is ReasonCode => Object.hasOwn(texts, code))

export function reason<C extends ReasonCode>(code: C, ...details: Details[C]): Reason {
  const [sentence, nextStep, whomToAsk] = table[code](...details)
  return { code, sentence: ended(sentence), nextStep: `${nextStep}.`, whomToAsk }
}

/** A text of the organisation may bring its own end. */
function ended(sentence: string): string {
  return /[.!?…]$/u.test(sentence) ? sentence : `${sentence}.`
}

/** `2026-11-24 03:00 UTC` */
function time(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
