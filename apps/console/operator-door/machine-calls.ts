// SPDX-License-Identifier: Apache-2.0
import { versionText } from '@casemate/policy/names'
import { hardware, hardwareProblem } from '@casemate/vm-package/hardware'
import { packageName, validity } from '@casemate/vm-package/manifest'
import { z } from 'zod'
import { listJobs } from '../src/jobs/job.ts'
import { sealMachine } from '../src/jobs/seal-machine.ts'
import { registerDemoGuest } from '../src/machines/demo-guest.ts'
import { controllerOn, createMachine, deleteMachine, listMachines, wantedDisks } from '../src/machines/machine.ts'
import type { OpenConsole } from '../src/organisation/open.ts'
import { mostBootSeconds } from '../src/packages/boot-end.ts'
import { checkCustomization } from '../src/packages/check-customization.ts'
import { call } from './call.ts'

/** What they must be is the package's to say (`customization-invalid`). */
const customization = z.array(z.strictObject({ name: z.string(), text: z.string() }))

const bootSeconds = z.int().min(1).max(mostBootSeconds)

const recordedBoot = z
  .strictObject({ seconds: bootSeconds, quietSeconds: bootSeconds.optional(), engine: z.enum(['auto', 'qemu', 'v86']), warmState: z.boolean() })
  .refine(({ engine, warmState }) => engine === 'v86' || !warmState, 'a state is kept on v86 only')

const wantedMachine = z.strictObject({ name: packageName, hardware, disks: wantedDisks }).superRefine(({ hardware: machine, disks }, context) => {
  const controller = controllerOn(machine)
  const problem = hardwareProblem(
    machine,
    disks.map(() => ({ controller })),
    false,
  )
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

/** Authored machines, named as the packages that are made of them, and the jobs that make packages of them. */
export function machineCalls(console: OpenConsole) {
  return {
    'list-machines': call(z.strictObject({}), async (actor) => ({ machines: await listMachines(actor, console) })),
    'create-machine': call(wantedMachine, (actor, wanted) => createMachine(actor, console, wanted)),
    'delete-machine': call(z.strictObject({ name: packageName }), async (actor, { name }) => {
      await deleteMachine(actor, console, name)
      return { deleted: name }
    }),
    'register-demo-guest': call(z.strictObject({}), (actor) => registerDemoGuest(actor, console, console.demoGuest)),
    'seal-machine': call(
      z.strictObject({
        ...{ machine: packageName, package: z.strictObject({ name: packageName, version: versionText }) },
        ...{ validity: validity.optional(), customization: customization.optional(), recordBoot: recordedBoot.optional() },
      }),
      (actor, wanted) => sealMachine(actor, console, wanted),
    ),
    'check-customization': call(z.strictObject({ files: customization }), async (actor, { files }) => checkCustomization(actor, files)),
    'list-jobs': call(z.strictObject({}), async (actor) => ({ jobs: await listJobs(actor, console) })),
  }
}
