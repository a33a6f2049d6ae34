// SPDX-License-Identifier: Apache-2.0
import { slug } from '@casemate/policy/names'
import { z } from 'zod'
import { limitActivations, newActivationKey, setActivationPassword } from '../src/activation/secrets.ts'
import type { Console } from '../src/organisation/console.ts'
import { listDesktopSecrets } from '../src/releases/list-secrets.ts'
import { setDesktopSecret } from '../src/releases/secrets.ts'
import { call } from './call.ts'

const count = z.int().min(1).max(1_000_000).nullable()

/** What must be presented to activate a desktop, and how often. */
export function activationCalls(console: Console) {
  return {
    'set-activation-password': call(z.strictObject({ desktop: slug, password: z.string().max(256) }), async (actor, { desktop, password }) => {
      await setActivationPassword(actor, console, desktop, password)
      return { desktop }
    }),
    'new-activation-key': call(z.strictObject({ desktop: slug, uses: count }), async (actor, { desktop, uses }) => ({
      ...{ desktop, uses },
      key: await newActivationKey(actor, console, desktop, uses),
    })),
    'set-desktop-secret': call(
      z.strictObject({ desktop: slug, name: z.string().max(32), value: z.string().max(1024).nullable() }),
      async (actor, { desktop, name, value }) => {
        await setDesktopSecret(actor, console, desktop, name, value)
        return { desktop, name, set: value !== null }
      },
    ),
    'list-desktop-secrets': call(z.strictObject({ desktop: slug }), (actor, { desktop }) => listDesktopSecrets(actor, console, desktop)),
    'limit-activations': call(z.strictObject({ desktop: slug, most: count }), async (actor, { desktop, most }) => {
      await limitActivations(actor, console, desktop, most)
      return { desktop, most }
    }),
  }
}
