// SPDX-License-Identifier: Apache-2.0
import type { operatorCalls } from '../../operator-door/calls.ts'
import { openRules } from './world.ts'

export type CallName = keyof ReturnType<typeof operatorCalls>

const device = 'd-0123456789abcdef'
const sha256 = 'ab'.repeat(32)
const release = { desktop: 'office', title: 'Office', package: { name: 'demo', version: '1' }, layers: [] }
const hardware = { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 128, video: 'std', network: null }

export const policyText = (version: string): string =>
  JSON.stringify({ format: 'casemate-policy-1', name: 'base', version, minRuntime: '0.1.0', rules: openRules })

/** Every call of the table, in the form that it asks for; a new call without a row fails. */
export const everyCall: Readonly<Record<CallName, object>> = {
  'stage-package': { manifest: 'e30=', sealedKey: 'e30=' },
  'read-package': { name: 'demo', version: '1' },
  'stage-policy': { yaml: policyText('1') },
  'preview-policy': { yaml: policyText('1') },
  'stage-release': release,
  'roll-back-release': { desktop: 'office', to: 1 },
  'preview-roll-back': { desktop: 'office', to: 1 },
  'preview-release': release,
  'list-pending': {},
  'list-expiring': {},
  'list-key-custody': {},
  'read-pending': { role: 'policies' },
  approve: { role: 'policies', reviewed: sha256, signature: { keyid: sha256, sig: sha256.repeat(2) } },
  'sign-with-console-key': { role: 'policies', reviewed: sha256, passphrase: 'not the one' },
  withdraw: { role: 'policies' },
  'assign-desktop': { desktop: 'office', subject: 'all', value: '' },
  'unassign-desktop': { desktop: 'office', subject: 'all', value: '' },
  'new-code': { user: null, groups: [], tags: [], lifetimeSeconds: 60 },
  'list-devices': {},
  'show-device': { device },
  'revoke-device': { device, why: 'lost' },
  'reinstate-device': { device },
  'explain-device': { device, desktop: 'office' },
  'device-compliance': { device },
  'device-report': { device, last: 1 },
  'read-audit': {},
  'list-tpm-authorities': {},
  'add-tpm-authority': { certificate: 'no certificate' },
  'remove-tpm-authority': { sha256 },
  'set-activation-password': { desktop: 'office', password: 'open sesame' },
  'new-activation-key': { desktop: 'office', uses: 1 },
  'set-desktop-secret': { desktop: 'office', name: 'join', value: 'x' },
  'list-desktop-secrets': { desktop: 'office' },
  'list-escrow': { device },
  'export-escrow': { device, instance: 'office', recipient: null },
  'limit-activations': { desktop: 'office', most: 1 },
  'allow-move': { device, desktop: 'office', instance: 'office', from: device, lifetimeSeconds: 3600 },
  'grant-override': { device, desktop: 'office', wanted: { kind: 'extension', grant: { expiryDays: 1 } }, lifetimeSeconds: 3600 },
  'list-overrides': { device },
  'read-out-rescue-code': { request: `${device}/1/offline/00` },
  'list-machines': {},
  'create-machine': { name: 'demo', hardware, disks: [{ name: 'system', role: 'system', sizeBytes: 4096 }] },
  'delete-machine': { name: 'demo' },
  'register-demo-guest': {},
  'seal-machine': { machine: 'demo', package: { name: 'demo', version: '1' } },
  'check-customization': { files: [{ name: 'user-data', text: '' }] },
  'list-jobs': {},
  'describe-organisation': {},
  'list-packages': {},
  'list-policies': {},
  'read-policy': { name: 'base', version: '1' },
  'check-policy': { yaml: policyText('1') },
  'list-desktops': {},
  'list-releases': { desktop: 'office' },
  'add-user': { login: 'mallory', name: 'Mallory', roles: ['administrator'], password: null },
  'list-users': {},
  'change-user': { login: 'mallory', change: 'disable' },
  'set-user-password': { login: 'mallory', password: null },
  'sign-out': {},
}

/** Of whoever is signed in, for themselves. */
export const callsWithoutRight: readonly CallName[] = ['describe-organisation', 'sign-out']
