// SPDX-License-Identifier: Apache-2.0
//
// Who may do what, as a table of every call and every role: a new call, and a role that may more than before, fail until they stand here.
import { expect, it } from 'vitest'
import { z } from 'zod'
import { operatorCalls } from '../../operator-door/calls.ts'
import { createOperatorApp } from '../../operator-door/listen.ts'
import { type RoleName, rightsOf, roleNames } from '../../src/access/roles.ts'
import { type CallName, everyCall } from '../console/every-call.ts'
import { operator, startWorld } from '../console/world.ts'

const all = [...roleNames]
const authors: readonly RoleName[] = ['administrator', 'author']
const publishers: readonly RoleName[] = ['administrator', 'publisher']
const helpers: readonly RoleName[] = ['administrator', 'help-desk']
const activators: readonly RoleName[] = ['administrator', 'publisher', 'help-desk']
const administrators: readonly RoleName[] = ['administrator']

const allowed: Readonly<Record<CallName, readonly RoleName[]>> = {
  'stage-package': authors,
  'read-package': authors,
  'stage-policy': authors,
  'preview-policy': authors,
  'stage-release': authors,
  'roll-back-release': authors,
  'preview-roll-back': authors,
  'preview-release': authors,
  'list-pending': all,
  'list-expiring': all,
  'list-key-custody': all,
  'read-pending': all,
  approve: publishers,
  'sign-with-console-key': publishers,
  withdraw: publishers,
  'assign-desktop': publishers,
  'unassign-desktop': publishers,
  'new-code': helpers,
  'list-devices': all,
  'show-device': all,
  'revoke-device': helpers,
  'reinstate-device': helpers,
  'explain-device': all,
  'device-compliance': all,
  'device-report': all,
  'read-audit': ['administrator', 'publisher', 'auditor'],
  'set-activation-password': activators,
  'new-activation-key': activators,
  'set-desktop-secret': activators,
  'list-desktop-secrets': all,
  'list-escrow': all,
  'export-escrow': helpers,
  'limit-activations': activators,
  'grant-override': helpers,
  'allow-move': helpers,
  'list-overrides': all,
  'read-out-rescue-code': helpers,
  'list-machines': all,
  'create-machine': authors,
  'delete-machine': authors,
  'register-demo-guest': authors,
  'seal-machine': authors,
  'check-customization': authors,
  'list-jobs': all,
  'describe-organisation': all,
  'list-packages': all,
  'list-policies': all,
  'read-policy': all,
  'check-policy': all,
  'list-desktops': all,
  'list-releases': all,
  'list-tpm-authorities': all,
  'add-tpm-authority': administrators,
  'remove-tpm-authority': administrators,
  'add-user': administrators,
  'list-users': administrators,
  'change-user': administrators,
  'set-user-password': administrators,
  'sign-out': all,
}

const refusal = z.object({ error: z.object({ code: z.string() }).optional() })

it.each(roleNames)('lets %s do what the table says, and nothing else', async (role) => {
  const world = await startWorld()
  const calls = operatorCalls(world.console, () => ({ address: world.device, pin: world.pin }))
  const app = createOperatorApp({ ...operator, rights: rightsOf([role]) }, calls)
  const passed = await Promise.all(
    Object.entries(everyCall).map(async ([name, body]) => {
      const answer = await app.request(`/v1/${name}`, { method: 'POST', body: JSON.stringify(body) })
      return refusal.parse(await answer.json()).error?.code === 'right-missing' ? [] : [name]
    }),
  )
  const wanted = Object.entries(allowed).flatMap(([name, roles]) => (roles.includes(role) ? [name] : []))
  expect(passed.flat().sort()).toEqual(wanted.sort())
})
