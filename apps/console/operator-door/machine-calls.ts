// SPDX-License-Identifier: Apache-2.0
import { versionText } from '@casemate/policy/names'
import { hardware, packageName } from '@casemate/vm-package/manifest'
import { z } from 'zod'
import { listJobs } from '../src/jobs/job.ts'
import { sealMachine } from '../src/jobs/seal-machine.ts'
import { registerDemoGuest } from '../src/machines/demo-guest.ts'
import { createMachine, deleteMachine, listMachines, wantedDisks } from '../src/machines/machine.ts'
import type { OpenConsole } from '../src/organisation/open.ts'
import { call } from './call.ts'

/** Authored machines, named as the packages that are made of them, and the jobs that make packages of them. */
export function machineCalls(console: OpenConsole) {
  return {
    'list-machines': call(z.strictObject({}), async (actor) => ({ machines: await listMachines(actor, console) })),
    'create-machine': call(z.strictObject({ name: packageName, hardware, disks: wantedDisks }), (actor, wanted) =>
      createMachine(actor, console, wanted),
    ),
    'delete-machine': call(z.strictObject({ name: packageName }), async (actor, { name }) => {
      await deleteMachine(actor, console, name)
      return { deleted: name }
    }),
    'register-demo-guest': call(z.strictObject({}), (actor) => registerDemoGuest(actor, console, console.demoGuest)),
    'seal-machine': call(
      z.strictObject({ machine: packageName, package: z.strictObject({ name: packageName, version: versionText }) }),
      (actor, wanted) => sealMachine(actor, console, wanted),
    ),
    'list-jobs': call(z.strictObject({}), async (actor) => ({ jobs: await listJobs(actor, console) })),
  }
}
