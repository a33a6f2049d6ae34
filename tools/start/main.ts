// SPDX-License-Identifier: Apache-2.0
//
// What `npm start` does once everything is installed: guest, organisation, console, device, desktop. Every step is done once and taken up
// where an earlier start left it. The two servers are children that end with this process.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InstanceBusy, lockInstance } from '../../apps/client-runtime/session-host/instance-lock.ts'
import { daemonProgram } from '../programs/daemon.ts'
import { Progress } from '../progress.mjs'
import { checkPort, findPort } from './check-port.ts'
import { type Child, startChild } from './child.ts'
import { StartError } from './error.ts'
import { administrator, placesOf, ROOT } from './places.ts'

const portNumber = z.coerce.number().int().min(0).max(65_535)
const given = z.tuple([portNumber, portNumber, z.string(), z.enum(['auto', 'qemu', 'v86']), z.enum(['demo', 'no-demo']), z.coerce.number()])
const launcherReady = z.looseObject({ ready: z.literal(true), launcher: z.url() })
const consoleReady = z.looseObject({ ready: z.literal(true), web: z.url() })

const [port, launcherPort, data, engine, what, begun] = given.parse(process.argv.slice(2))
const places = placesOf(data)
const stopping = Promise.withResolvers<'asked'>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.resolve('asked'))

const progress = new Progress(process.stdout, begun)
const tell = (line: string) => progress.tell(line)

/** @returns what is to be undone, the last first; filled while it goes, so that an interruption undoes what is there. */
async function bringUp(undo: (() => Promise<void>)[], ended: (name: string) => void): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 })
  undo.push(
    await lockInstance(places.lock).catch((error: unknown) => {
      if (error instanceof InstanceBusy) throw new StartError('environment', `another \`npm start\` runs on \`${data}\`: ${error.message}`, error)
      throw error
    }),
  )
  await checkPort(port, '--port')
  await checkPort(launcherPort, '--launcher-port')
  const follow = (name: 'console' | 'client runtime', log: 'console' | 'launcher', start: Promise<Child>) => {
    const up = start.then((child) => {
      undo.push(() => child.end())
      void child.exited.then(() => ended(`${name} ended by itself; its words are in ${places.log(log)}`))
      return child
    })
    // Told where it is awaited.
    up.catch(() => undefined)
    return up
  }
  // First, since a desktop that is only resumed waits for nothing else; what the other steps need is loaded meanwhile.
  const runtime = ['--data', places.device, '--engine', engine, '--launcher-port', String(launcherPort)]
  const deviceUp = follow('client runtime', 'launcher', startDaemon(runtime))
  const { makeOrganisation, sealDemo, isPrepared, publishDemo, addAdministrator } = await import('./organisation.ts')
  const { buildDemoGuest } = await import('../demo-guest/build.ts')
  const { buildPages } = await import('../build-pages.ts')
  const { buildPrograms } = await import('../programs/build.ts')
  const { enrolDevice } = await import('./device.ts')
  // Beside everything that comes before the console; awaited where it starts.
  const pages = progress.during("the console's pages", buildPages)
  pages.catch(() => undefined)
  // A desktop starts without them too, only later.
  buildPrograms().catch((error: unknown) => tell(`starts will be slower: ${error instanceof Error ? error.message : String(error)}`))
  const guest = what === 'demo' ? await buildDemoGuest({ cache: join(ROOT, '.cache/demo-guest'), progress }) : null
  await makeOrganisation(places, tell)
  const version = guest === null ? null : await sealDemo(places, guest, progress)
  const consoleUp = follow(
    'console',
    'console',
    pages.then(() => startConsole(guest?.folder ?? null)),
  )
  // Whichever fails first is what is told; the other one is undone.
  const both = Promise.all([consoleUp, deviceUp])
  if (!(await isPrepared(places, version))) await both
  else await Promise.race([deviceUp, both])
  if (version !== null) await publishDemo(places, version, tell)
  const daemon = await deviceUp
  const { launcher } = launcherReady.parse(daemon.ready)
  await enrolDevice(places, tell)
  const desktop = version === null ? null : await bringUpDesktop(undo)
  const { web } = consoleReady.parse((await consoleUp).ready)
  show({ web, launcher, desktop, password: await addAdministrator(places, tell) })
}

async function startDaemon(runtime: readonly string[]): Promise<Child> {
  return await startChild(await daemonProgram(), runtime, places.log('launcher'))
}

async function startConsole(guest: string | null): Promise<Child> {
  const { hasRun } = await import('./organisation.ts')
  const served = ['--data', places.organisation, '--passphrase-file', places.passphrase, '--web-port', String(port)]
  // Devices know the console by this port: chosen once, at the next starts the console has it again.
  const devicePort = (await hasRun(places)) ? [] : ['--device-port', String(await findPort(4850))]
  return await startChild(
    join(ROOT, 'apps/console/server.ts'),
    [...served, ...devicePort, ...(guest === null ? [] : ['--demo-guest', guest])],
    places.log('console'),
  )
}

async function bringUpDesktop(undo: (() => Promise<void>)[]): Promise<{ readonly viewer: string; readonly engine: string }> {
  const { startDesktop, suspendDesktop } = await import('./device.ts')
  undo.push(async () => {
    tell('suspending the demo desktop')
    await suspendDesktop(places).catch((error: unknown) => tell(`it could not be suspended: ${messageOf(error)}`))
  })
  const running = await startDesktop(places, engine, tell)
  return { viewer: running.session?.viewer ?? '', engine: running.engine }
}

interface Shown {
  readonly web: string
  readonly launcher: string
  readonly desktop: { readonly viewer: string; readonly engine: string } | null
  /** Of the administrator, where it was made just now. */
  readonly password: string | null
}

function show({ web, launcher, desktop, password }: Shown): void {
  tell(desktop === null ? 'ready' : `ready: the demo desktop runs on ${desktop.engine}`)
  const screen =
    desktop === null
      ? ''
      : `
  Demo desktop   ${desktop.viewer}

  Look at: the screen of a virtual machine whose disks came sealed, checked chunk by chunk, with no network and no clipboard.
  Type \`proof\` in it. The launcher shows its rules, its state, and how this computer stands with its organisation; the
  console shows the same device from the administrator's side, and is where the next release would be made.`
  console.log(`
  Console        ${web}   sign in as \`${administrator}\`${password === null ? '' : ` with ${password}   (shown this once)`}
  Launcher       ${launcher}${screen}
${password === null ? `\n  Password lost? node_modules/.bin/node apps/console/cli/main.ts user set-password --login ${administrator} --data ${places.organisation}` : ''}
  Ctrl-C suspends the desktop and stops everything; \`npm start\` goes on from there.
`)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const undo: (() => Promise<void>)[] = []
const lost = Promise.withResolvers<string>()
const brought = bringUp(undo, lost.resolve)
let failure: unknown
const first = await Promise.race([
  brought.then(
    () => 'up' as const,
    (error: unknown) => {
      failure = error
      return 'failed' as const
    },
  ),
  stopping.promise,
  lost.promise,
])
const outcome = first === 'up' ? await Promise.race([stopping.promise, lost.promise]) : first
if (outcome === 'asked') tell('stopping')
else if (outcome !== 'failed') tell(`the ${outcome}`)
for (const step of undo.splice(0).reverse()) await step()
if (outcome === 'failed') console.error(`npm start: ${messageOf(failure)}`)
process.exit(outcome === 'asked' ? 0 : failure instanceof StartError && failure.code === 'environment' ? 3 : 1)
