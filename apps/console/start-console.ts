// SPDX-License-Identifier: Apache-2.0
//
// The running console: database, both doors, and the renewal of what the console signs by itself.
import type { ReportFailure } from './device-api/answer.ts'
import { openDeviceDoor } from './device-api/listen.ts'
import type { Limits } from './device-api/rate-limit.ts'
import { operatorCalls } from './operator-door/calls.ts'
import { openOperatorDoor } from './operator-door/listen.ts'
import { publishApproved } from './src/approvals/approve.ts'
import { stageDue } from './src/approvals/expiring.ts'
import { withdrawUnrecorded } from './src/approvals/reconcile.ts'
import { eq } from './src/db/drizzle.ts'
import type { DeviceDoorAddress } from './src/devices/code.ts'
import { failInterrupted } from './src/jobs/job.ts'
import { settleSeals } from './src/jobs/seal-machine.ts'
import { pinOf } from './src/organisation/certificate.ts'
import { localOperator } from './src/organisation/local-operator.ts'
import { type OpenConsole, openConsole } from './src/organisation/open.ts'
import { renew } from './src/publish/renew.ts'
import type { WebDoorOptions } from './web-door/open-web-door.ts'

export interface ConsoleOptions {
  readonly data: string
  readonly passphrase: string
  /** Host of the device door. */
  readonly listen: string
  /** Null: the one of the last start, at the first start any free one. */
  readonly devicePort: number | null
  /** Unix seconds. */
  readonly now: () => number
  readonly report: ReportFailure
  readonly limits?: Limits
  /** Absent: no web door. */
  readonly web?: Omit<WebDoorOptions, 'calls'>
  /** Folder of the demo guest's images. */
  readonly demoGuest?: string
}

export interface RunningConsole {
  readonly console: OpenConsole
  /** Where the device door listens. */
  readonly device: string
  readonly pin: string
  readonly operator: string
  /** Origin of the web door; null: there is none. */
  readonly web: string | null
  close(): Promise<void>
}

const renewEvery = 3_600_000

/** @throws what opening the organisation and listening throw; nothing stays open then. */
export async function startConsole({
  data,
  passphrase,
  listen,
  devicePort,
  now,
  report,
  limits,
  web,
  demoGuest,
}: ConsoleOptions): Promise<RunningConsole> {
  const closing = new AbortController()
  const console = await openConsole(data, passphrase, { now, demoGuest: demoGuest ?? null, closing: closing.signal })
  const closers: (() => Promise<void>)[] = [() => console.db.close(), () => settleSeals(console)]
  const close = async () => {
    closing.abort()
    console.waiting.close()
    for (const step of closers.splice(0).reverse()) await step()
  }
  try {
    await catchUp(console)
    await stageDue(console).catch(report)
    const timer = setInterval(() => void renewAll(console).catch(report), renewEvery)
    closers.push(async () => clearInterval(timer))
    const port = devicePort ?? console.devicePort ?? portIn(console.address)
    const deviceDoor = await openDeviceDoor(console, { host: listen, port }, { report, ...(limits === undefined ? {} : { limits }) })
    closers.push(() => deviceDoor.close())
    await keepPort(console, deviceDoor.port)
    const device = `https://${listen.includes(':') ? `[${listen}]` : listen}:${deviceDoor.port}`
    const pin = pinOf(console.tls.key)
    const door = (): DeviceDoorAddress | null => addressOf(console, listen, device, pin)
    const calls = operatorCalls(console, door)
    const operatorDoor = await openOperatorDoor(console.layout.operatorSocket, localOperator.of(console.organisation.id), calls)
    closers.push(() => operatorDoor.close())
    const webDoor = web === undefined ? null : await startWeb(console, { ...web, calls })
    if (webDoor !== null) closers.push(() => webDoor.close())
    return { console, device, pin, operator: console.layout.operatorSocket, web: webDoor?.origin ?? null, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Loaded only where it is wanted: Next is large. */
async function startWeb(console: OpenConsole, options: WebDoorOptions) {
  const { openWebDoor } = await import('./web-door/open-web-door.ts')
  return await openWebDoor(console, options)
}

/** What a process that died may have left half done, and what has run out meanwhile. */
async function catchUp(console: OpenConsole): Promise<void> {
  await failInterrupted(console)
  await withdrawUnrecorded(console)
  await publishApproved(localOperator.of(console.organisation.id), console)
  await renewPublished(console)
}

async function renewPublished({ repository, published, keys, now }: OpenConsole): Promise<void> {
  const renewed = await renew(repository, { online: [keys.roles], now: now() })
  if (renewed !== 'nothing') await published.refresh()
}

async function renewAll(console: OpenConsole): Promise<void> {
  await renewPublished(console)
  await stageDue(console)
}

/** An address that was given stands; without one, only a single host can be named to a device. */
function addressOf({ address }: OpenConsole, listen: string, device: string, pin: string): DeviceDoorAddress | null {
  if (address !== null) return { address, pin }
  return ['0.0.0.0', '::'].includes(listen) ? null : { address: device, pin }
}

async function keepPort({ db, organisation }: OpenConsole, devicePort: number): Promise<void> {
  const { organisations } = db.tables
  await db.update(organisations).set({ devicePort }).where(eq(organisations.id, organisation.id))
}

function portIn(address: string | null): number {
  if (address === null) return 0
  const { port } = new URL(address)
  return port === '' ? 443 : Number(port)
}
