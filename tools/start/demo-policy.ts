// SPDX-License-Identifier: Apache-2.0

/** Raise it with every change of the rules: a published version never changes. */
export const policyVersion = '2'

/** Locked shut, and nothing to type, so that the demo starts by itself. Days of grace without its console. */
export const demoPolicy = `format: casemate-policy-1
name: demo
version: "${policyVersion}"
minRuntime: 0.1.0
rules:
  - { setting: network, value: { mode: none }, locked: true }
  - { setting: clipboard-to-guest, value: { maxTextBytes: 0 }, locked: true }
  - { setting: clipboard-from-guest, value: { maxTextBytes: 0 }, locked: true }
  - { setting: serial-port, value: none, locked: true }
  - { setting: activation, value: none }
  - { setting: authentication, value: { mode: none } }
  - { setting: exit, value: user }
  - { setting: power-commands, value: { pause: true, reset: true, powerButton: true } }
  - setting: offline
    value: { warnMinutes: 10080, restrictMinutes: 20160, suspendMinutes: 43200, maxRuntimeMinutes: null, maxBoots: null }
`
