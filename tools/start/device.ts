// SPDX-License-Identifier: Apache-2.0
//
// The first device, through the calls that its command line uses.
import { callDaemon } from '../../apps/client-runtime/cli/call-daemon.ts'
import { CliError } from '../../apps/client-runtime/cli/error.ts'
import { refusalLines } from '../../apps/client-runtime/cli/print.ts'
import type { InstanceView } from '../../apps/client-runtime/local-api.ts'
import { StartError } from './error.ts'
import { enrolmentCode, type Tell } from './organisation.ts'
import type { Places } from './places.ts'

const instance = 'demo'
const askEveryMs = 50
const patienceMs = 120_000

export async function enrolDevice(places: Places, tell: Tell): Promise<void> {
  const { enrolment } = await callDaemon(places.device, 'status', {})
  if (enrolment !== null) return
  tell('enrolling this computer as the first device')
  await named(callDaemon(places.device, 'enrol', { code: await enrolmentCode(places) }))
}

/** @param engine as asked for; an instance keeps the one that it was activated on. @returns the running instance. */
export async function startDesktop(places: Places, engine: 'auto' | 'qemu' | 'v86', tell: Tell): Promise<InstanceView> {
  await until('the demo desktop to be assigned', async () => {
    const { desktops } = await callDaemon(places.device, 'list', {})
    return desktops.find(({ desktop, reasons }) => desktop === instance && reasons.every(({ code }) => code === 'activation-needed'))
  }).catch(async (error: unknown) => {
    const { desktops } = await callDaemon(places.device, 'list', {})
    const [reason] = desktops.find(({ desktop }) => desktop === instance)?.reasons ?? []
    throw reason === undefined ? error : new StartError('environment', `${reason.sentence} ${reason.nextStep}`)
  })
  const before = await viewOf(places)
  if (before === undefined) {
    tell('activating the demo desktop')
    await named(callDaemon(places.device, 'activate', { desktop: instance, presented: null, password: null }))
  } else if (engine !== 'auto' && before.engine !== engine) {
    tell(`the demo desktop was activated on ${before.engine} and stays there; for ${engine}, start with another --data folder`)
  }
  if (before?.session?.open !== true) {
    tell(before?.session?.state === 'suspended' ? 'resuming the demo desktop' : 'starting the demo desktop')
    await named(callDaemon(places.device, 'start', { instance, password: null }))
  }
  return await until('the demo desktop to run', async () => {
    const view = await viewOf(places)
    const blocked = view?.session?.blocked
    if (blocked != null) throw new StartError('failed', `${blocked.sentence} ${blocked.nextStep} (${blocked.code}: ${blocked.detail})`)
    if (view?.session?.open === false) throw new StartError('failed', 'the session of the demo desktop ended before it ran')
    return view?.session?.state === 'running' || view?.session?.state === 'paused' ? view : undefined
  })
}

/** Suspended with its memory on disk, so that the next start goes on from there. */
export async function suspendDesktop(places: Places): Promise<void> {
  if ((await viewOf(places))?.session?.open !== true) return
  await callDaemon(places.device, 'stop', { instance, how: 'suspend' })
  await until('the demo desktop to be suspended', async () => ((await viewOf(places))?.session?.open === true ? undefined : true))
}

async function viewOf(places: Places): Promise<InstanceView | undefined> {
  return (await callDaemon(places.device, 'status', {})).instances.find((view) => view.instance === instance)
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const begun = Date.now(); Date.now() - begun < patienceMs; ) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, askEveryMs))
  }
  throw new StartError('failed', `waited ${patienceMs / 1000} s for ${what}`)
}

/** A refusal in the words of every surface. */
async function named<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (error instanceof CliError) throw new StartError('failed', refusalLines(error).join(' '), error)
    throw error
  }
}
