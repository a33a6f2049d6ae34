// SPDX-License-Identifier: Apache-2.0
import { slug, versionText } from '@casemate/policy/names'
import { z } from 'zod'
import { listDesktops, listPackages, listPolicies, readPolicy } from '../src/catalogue/list.ts'
import { describeOrganisation } from '../src/organisation/describe.ts'
import type { OpenConsole } from '../src/organisation/open.ts'
import { checkPolicyText } from '../src/policies/check.ts'
import { listReleases } from '../src/releases/list.ts'
import { call } from './call.ts'

/** What there is, for those who choose from it. */
export function catalogueCalls(console: OpenConsole) {
  return {
    'describe-organisation': call(z.strictObject({}), (actor) => describeOrganisation(actor, console)),
    'list-packages': call(z.strictObject({}), async (actor) => ({ packages: await listPackages(actor, console) })),
    'list-policies': call(z.strictObject({}), async (actor) => ({ policies: await listPolicies(actor, console) })),
    'read-policy': call(z.strictObject({ name: slug, version: versionText }), (actor, { name, version }) =>
      readPolicy(actor, console, name, version),
    ),
    'check-policy': call(z.strictObject({ yaml: z.string().max(1_048_576) }), async (actor, { yaml }) => checkPolicyText(actor, yaml)),
    'list-desktops': call(z.strictObject({}), async (actor) => ({ desktops: await listDesktops(actor, console) })),
    'list-releases': call(z.strictObject({ desktop: slug }), async (actor, { desktop }) => ({
      releases: await listReleases(actor, console, desktop),
    })),
  }
}
