// SPDX-License-Identifier: Apache-2.0
//
// Ends with the demo desktop running, locked: guest built, package sealed, session host started. Stands where the daemon will: it
// writes the plan that the strictest policies give, and sends the heartbeats. Ctrl-C suspends the desktop; the next start goes on from there.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type SessionHost, startSessionHost } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import type { LaunchPlan } from '../../packages/policy/src/decision/launch-plan.ts'
import { chooseEngine, type EngineName } from './choose-engine.ts'
import { type DemoPackage, sealDemo } from './seal-demo.ts'

const ROOT = join(import.meta.dirname, '../..')
const DEFAULT_PORT = 4870
const HEARTBEAT_MS = 5000

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.')
  return port
}

const options = new Command('npm start --')
  .description('Build, seal and run the demo desktop.')
  .option('--port <number>', 'port of the session page on 127.0.0.1, 0 for any', portOf, DEFAULT_PORT)
  .option('--data <folder>', 'where everything of this run is kept', join(ROOT, '.data'))
  .addOption(new Option('--engine <name>', 'what runs the desktop').choices(['auto', 'qemu', 'v86']).default('auto'))
  .option('--no-demo', 'prepare everything and start nothing')
  .parse()
  .opts<{ port: number; data: string; engine: EngineName | 'auto'; demo: boolean }>()

const started = Date.now()
const tell = (line: string) => console.log(`[${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`)

function strictestPlan(demo: DemoPackage, engine: EngineName): LaunchPlan {
  const closed = { allowed: false, maxBytes: 0 }
  return {
    format: 'casemate-launch-plan-1',
    session: `demo-${engine}`,
    instance: `demo-${engine}`,
    desktop: 'demo',
    package: { name: 'demo', version: demo.version, sha256: demo.sha256 },
    engine,
    memoryMiB: 128,
    network: { mode: 'none' },
    clipboard: { toGuest: closed, fromGuest: closed },
    serial: 'none',
    exit: 'user',
    deadlines: { warnAt: null, restrictAt: null, suspendAt: null },
  }
}

async function deliver(manifest: Uint8Array, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.part`, manifest)
  await rename(`${path}.part`, path)
}

/** Resolves with the exit code once the session is over. */
async function accompany(host: SessionHost): Promise<number> {
  const beat = () => {
    host.control.heartbeat(Math.floor(Date.now() / 1000)).catch((error: unknown) => {
      if (host.child.exitCode === null && host.child.signalCode === null) tell(`the session does not answer: ${String(error)}`)
    })
  }
  beat()
  const beating = setInterval(beat, HEARTBEAT_MS)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      tell('suspending the desktop')
      host.child.kill('SIGTERM')
    })
  }
  const code = await host.exited
  clearInterval(beating)
  tell(code === 0 ? 'the session is over' : `the session host ended with ${code}`)
  return code ?? 1
}

const data = resolve(options.data)
const runtime = join(data, 'device')
const demo = await sealDemo(join(data, 'organisation'), join(ROOT, '.cache/demo-guest'), tell)
const layout = layoutOf(runtime)
await deliver(demo.manifest, layout.manifest(demo.sha256))
const engine = await chooseEngine(options.engine, layout.engineCache, tell)
tell(`everything is ready; the engine is ${engine}`)
if (options.demo) {
  const host = await startSessionHost({
    data: runtime,
    origin: demo.store,
    plan: strictestPlan(demo, engine),
    packageKey: Buffer.from(demo.packageKey).toString('base64url'),
    instanceKey: Buffer.from(demo.instanceKey).toString('base64url'),
    port: options.port,
  })
  const over = accompany(host)
  tell('the demo desktop is starting')
  console.log(`
  Demo desktop   ${host.viewer}/#token=${host.viewerToken}

  Look at: the screen of a virtual machine whose disks are sealed, with no network and no clipboard. Type \`proof\` in it.
  Pause, suspend or power it off with the buttons above the screen. Ctrl-C here suspends it; \`npm start\` goes on from there.
`)
  process.exitCode = await over
}
