// SPDX-License-Identifier: Apache-2.0
//
// `guestinfo.*` as a guest meets it at the switch: what the plan of this moment lists is answered, all else is refused by its code, and no guest
// gets more than its share of requests, connections and memory.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import type { Service } from '@casemate/engine/network'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { layoutOf } from '../layout.ts'
import { EventLog } from '../session-host/event-log.ts'
import { GuestInfo, type GuestInfoInForce, guestInfoLimits } from '../session-host/guest-info/guest-info.ts'
import { changeSetValue, readSetValues } from '../session-host/guest-info/set-values.ts'
import { noSharing } from '../session-host/in-force.ts'
import { GuestServices } from '../session-host/sharing/guest-services.ts'

const word = (text: string) => Buffer.from(text).toString('base64')
const listed: GuestInfoInForce = { toGuest: ['device', 'site', 'user'], fromGuest: ['ready', 'site'], maxBytes: 32 }
const fixed = new Map([
  ['device', 'desk-1'],
  ['desktop', 'office'],
])
let events: EventLog
let info: GuestInfo
let now: number
const told = (type: string) => events.after(0).flatMap((event) => (event.type === type ? [event.data] : []))

beforeEach(() => {
  ;[now, events] = [0, new EventLog()]
  info = new GuestInfo({ fixed, events, now: () => now })
  info.apply(listed)
})

function connect(serve: Service = (connection) => info.serve(connection)): { guest: Duplex; heard: () => string } {
  const [guest, host] = duplexPair()
  let heard = ''
  guest.on('error', () => undefined)
  guest.on('data', (bytes: Buffer) => {
    heard += bytes.toString()
  })
  serve(host)
  return { guest, heard: () => heard }
}

/** The answers to all of it, once the other end has ended. */
async function asks(...lines: readonly string[]): Promise<readonly string[]> {
  const { guest, heard } = connect()
  const over = new Promise((resolve) => guest.once('end', resolve))
  guest.end(lines.map((line) => `${line}\n`).join(''))
  await over
  now += 1000
  return heard().split('\n').slice(0, -1)
}

describe('what a guest asks for', () => {
  it('is answered where it is listed and there, and refused by its code where not', async () => {
    info.takeUp(new Map([['site', 'north']]))
    expect(await asks('LIST', 'GET device', 'GET site')).toEqual(['OK device site', `OK ${word('desk-1')}`, `OK ${word('north')}`])
    expect(await asks('GET user', 'GET desktop', 'GET ready', 'what')).toEqual(['ERR no-value', 'ERR not-listed', 'ERR not-listed', 'ERR malformed'])
    info.apply({ ...listed, maxBytes: 5 })
    expect(await asks('GET site', 'GET device')).toEqual([`OK ${word('north')}`, 'ERR too-large'])
    info.apply({ ...listed, toGuest: [...listed.toGuest, 'desktop'] })
    expect(await asks('GET desktop')).toEqual([`OK ${word('office')}`])
    info.apply(noSharing.guestInfo)
    expect(await asks('LIST', 'GET device')).toEqual(['OK', 'ERR not-listed'])
    expect(info.view().values.map(({ given }) => given)).toEqual([false])
  })

  it('is never what the user set under a name of the runtime', async () => {
    info.takeUp(new Map([['device', 'other']]))
    expect(await asks('GET device')).toEqual([`OK ${word('desk-1')}`])
  })
})

describe('what a guest tells', () => {
  it('is kept and shown, escaped, and journaled by name and size', async () => {
    expect(await asks(`SET ready ${word('a\u001b[2J')}`, `SET site ${word('x')}`, `SET other ${word('x')}`)).toEqual(['OK', 'OK', 'ERR not-listed'])
    expect(info.view().values).toContainEqual({
      ...{ name: 'ready', by: 'guest', given: true, bytes: 5, shown: 'a\\u{1b}[2J', base64: word('a\u001b[2J') },
    })
    expect(await asks(`SET ready ${word('next')}`, `SET ready ${word('next')}`)).toEqual(['OK', 'OK'])
    now += 60_000
    expect(await asks(`SET ready ${word('last')}`)).toEqual(['OK'])
    expect(told('guest-info')).toEqual([
      { name: 'ready', bytes: 5, again: false },
      { name: 'site', bytes: 1, again: false },
      { name: 'ready', bytes: 4, again: true },
      { name: 'ready', bytes: 4, again: false },
    ])
    // What the guest says of a name that it is told too stays its own.
    expect(await asks('GET site')).toEqual(['ERR no-value'])
    info.apply({ ...listed, fromGuest: [] })
    expect(info.view().values.some(({ by }) => by === 'guest')).toBe(false)
  })

  it('has room up to a limit for all of it', async () => {
    const names = Array.from({ length: 17 }, (_, index) => `n${index}`)
    info.apply({ toGuest: [], fromGuest: names, maxBytes: 4096 })
    for (const name of names.slice(0, -1)) expect(await asks(`SET ${name} ${word('x'.repeat(4096))}`)).toEqual(['OK'])
    expect(await asks('SET n16 eA==', 'SET n0 eA==', 'SET n16 eA==')).toEqual(['ERR no-room', 'OK', 'OK'])
  })
})

describe('a guest that goes too far', () => {
  it('is refused past so many requests in a second, and heard after it', async () => {
    const most = guestInfoLimits.requestsInSecond
    const answers = await asks(...Array.from({ length: most + 5 }, () => 'GET device'))
    expect(answers).toEqual([...Array.from({ length: most }, () => `OK ${word('desk-1')}`), 'ERR too-many'])
    expect(await asks('GET device')).toEqual([`OK ${word('desk-1')}`])
  })

  it('is refused past so many connections, and heard once one has ended', async () => {
    const open = Array.from({ length: guestInfoLimits.atOnce }, () => connect())
    expect(await asks()).toEqual(['ERR too-many'])
    open[0]?.guest.end()
    await vi.waitFor(async () => expect(await asks('GET device')).toEqual([`OK ${word('desk-1')}`]))
    for (const { guest } of open) guest.end()
  })

  it('loses a connection whose line does not end', async () => {
    expect(await asks('LIST', `SET ready ${'A'.repeat(200)}`, 'LIST')).toEqual(['OK device', 'ERR too-large'])
  })

  it('has each refusal counted, and told once', async () => {
    await asks('GET other', 'GET other', 'no')
    await asks('GET other')
    expect(told('guest-info-refused')).toEqual([{ code: 'not-listed' }, { code: 'malformed' }])
    expect(info.view().refused).toEqual([
      { code: 'not-listed', count: 3 },
      { code: 'malformed', count: 1 },
    ])
  })
})

describe('the services of a session', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'guest-info-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('have it while the plan lists a name, with what the user set, and not otherwise', async () => {
    const layout = layoutOf(join(root, 'data'))
    const instance = layout.instance('demo-1')
    await mkdir(instance.folder, { recursive: true })
    let served: ReadonlyMap<number, Service> = new Map()
    const setServices = (wanted: ReadonlyMap<number, Service>) => {
      served = wanted
    }
    const network = { setServices }
    const services = new GuestServices({ network, layout, instance, printed: join(root, 'printed'), runtimeFolder: root, fixed, events })
    await changeSetValue(instance, 'site', 'north')
    await services.apply({ ...noSharing, printer: true })
    expect([...served.keys()]).toEqual([9100])
    await services.apply({ ...noSharing, guestInfo: listed })
    expect([...served.keys()]).toEqual([5630])
    const { guest, heard } = connect(served.get(5630))
    guest.write('GET site\n')
    await vi.waitFor(() => expect(heard()).toBe(`OK ${word('north')}\n`))
    await changeSetValue(instance, 'site', 'south')
    expect((await services.readGuestInfo()).values.map(({ name, shown, given }) => [name, shown, given])).toEqual([
      ['device', 'desk-1', true],
      ['site', 'south', true],
    ])
    guest.end()
    await services.apply(noSharing)
    expect([...served.keys()]).toEqual([])
  })

  it('end with all else that is not in force any more, whatever became of what the user chose', async () => {
    const layout = layoutOf(join(root, 'data'))
    const instance = layout.instance('demo-1')
    await mkdir(instance.folder, { recursive: true })
    const ports: number[] = []
    const network = { setServices: (wanted: ReadonlyMap<number, Service>) => void ports.splice(0, ports.length, ...wanted.keys()) }
    const services = new GuestServices({ network, layout, instance, printed: join(root, 'printed'), runtimeFolder: root, fixed, events })
    for (const file of [instance.sharedFolders, instance.guestInfo]) await writeFile(file, 'damaged')
    await services.apply({ ...noSharing, printer: true })
    expect(ports).toEqual([9100])
    await expect(services.apply({ ...noSharing, folders: 'read-only' })).rejects.toMatchObject({ code: 'state-altered' })
    await services.close()
    expect(ports).toEqual([])
  })

  it('remember values of the user under names that are not the runtime’s, up to a number', async () => {
    const kept = { guestInfo: join(root, 'guest-info.json') }
    for (const name of ['desktop', 'device', 'instance', 'release', 'user'])
      await expect(changeSetValue(kept, name, 'x')).rejects.toMatchObject({ code: 'info-fixed' })
    for (let count = 0; count < 64; count++) await changeSetValue(kept, `n${count}`, 'x')
    await expect(changeSetValue(kept, 'more', 'x')).rejects.toMatchObject({ code: 'info-too-many' })
    await changeSetValue(kept, 'n0', 'y')
    await changeSetValue(kept, 'n1', null)
    await expect(changeSetValue(kept, 'n1', null)).rejects.toMatchObject({ code: 'info-unknown' })
    const values = await readSetValues(kept)
    expect([values.size, values.get('n0'), values.get('n1')]).toEqual([63, 'y', undefined])
  })
})
