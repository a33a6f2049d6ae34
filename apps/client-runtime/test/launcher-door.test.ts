// SPDX-License-Identifier: Apache-2.0
import { stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { writeEnrolmentCode } from '@casemate/policy/enrolment-code'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { showReport } from '../../console/src/reports/show.ts'
import { newCode, openRules, operator, publishDesktop } from '../../console/test/console/world.ts'
import { startDaemon } from '../daemon/start-daemon.ts'
import { layoutOf } from '../layout.ts'
import { Computer, realWorld } from './computer.ts'

interface Call {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** As any program of this computer may ask, with headers of its own choice. */
function send(address: string, { path = '/status', method = 'POST', headers = {}, body = '{}' }: Call = {}) {
  const url = new URL(address)
  const given = { 'content-type': 'application/json', authorization: `Bearer ${url.hash.replace('#token=', '')}`, ...headers }
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; headers: Readonly<Record<string, unknown>> }>()
  const call = request({ host: '127.0.0.1', port: url.port, path, method, headers: given }, (response) => {
    let text = ''
    response.on('data', (part: Buffer) => {
      text += part.toString()
    })
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }))
  })
  call.on('error', reject)
  call.end(method === 'GET' ? undefined : body)
  return promise
}

describe("the launcher's door", () => {
  it('serves its own page with the token, and refuses another host name, another origin and another token', async () => {
    const { launcher } = await Computer.fresh()
    const origin = new URL(launcher).origin
    expect(await send(launcher, { headers: { origin } })).toMatchObject({ status: 200, text: expect.stringContaining('"enrolment":null') })
    const refused = async (headers: Readonly<Record<string, string>>) => (await send(launcher, { headers })).text
    expect(await refused({ host: 'evil.example' })).toContain('host-refused')
    expect(await refused({ origin: 'http://evil.example' })).toContain('origin-refused')
    expect(await refused({ authorization: `Bearer ${'a'.repeat(43)}` })).toContain('token-refused')
    expect(await refused({ authorization: '' })).toContain('token-refused')
  })

  it('gives the page and its scripts under a policy that lets nothing else in, and no other file', async () => {
    const { launcher } = await Computer.fresh()
    const page = await send(launcher, { path: '/', method: 'GET' })
    expect(page).toMatchObject({ status: 200, headers: { 'content-security-policy': expect.stringContaining("default-src 'none'") } })
    expect((await send(launcher, { path: '/main.ts', method: 'GET' })).text).not.toContain('interface')
    expect((await send(launcher, { path: '/', method: 'GET', headers: { host: 'evil.example' } })).status).toBe(403)
    for (const path of ['/tsconfig.json', '/../local-api.ts', '/..%2flocal-api.ts', '/daemon/main.ts']) {
      expect((await send(launcher, { path, method: 'GET' })).status, path).not.toBe(200)
    }
  })

  it('refuses a body that is not of the call, and takes the one that is', async () => {
    const { launcher } = await Computer.fresh()
    expect((await send(launcher, { path: '/watch', body: '{"after":null,"waitSeconds":0}' })).status).toBe(200)
    expect(await send(launcher, { path: '/watch', body: '{"after":null,"waitSeconds":0,"more":1}' })).toMatchObject({ status: 400 })
    expect((await send(launcher, { path: '/enrol', body: 'garbage' })).text).toContain('body-invalid')
  })

  it('keeps its token private to this user and over a restart; a port that is taken is named, and another one taken where that is allowed', async () => {
    const computer = await Computer.fresh()
    expect((await stat(layoutOf(computer.data).launcherToken)).mode & 0o777).toBe(0o600)
    const { hash, port } = new URL(computer.launcher)
    await expect(computer.call('launcher', {})).resolves.toEqual({ address: computer.launcher })
    const other = await Computer.fresh()
    await other.stop()
    const options = { data: other.data, probe: async () => Promise.reject(new Error('not asked')) }
    await expect(startDaemon({ ...options, launcher: { port: Number(port), orAnother: false } })).rejects.toMatchObject({ code: 'port-taken' })
    const daemon = await startDaemon({ ...options, launcher: { port: Number(port), orAnother: true } })
    onTestFinished(() => daemon.close())
    expect(new URL(daemon.launcher ?? '').port).not.toBe(port)
    await computer.stop()
    await computer.start()
    expect(new URL(computer.launcher).hash).toBe(hash)
  })

  it('answers a question that is held open as soon as something changes', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const first = await computer.call('watch', { after: null, waitSeconds: 25 })
    const held = computer.call('watch', { after: first.at, waitSeconds: 25 })
    const begun = Date.now()
    await computer.enrol(world)
    expect(await held).toMatchObject({ status: { enrolment: { title: 'Acme Ltd' } } })
    expect(Date.now() - begun).toBeLessThan(20_000)
  })
})

describe('before enrolment', () => {
  it('the organisation is named, and nothing is kept or used up', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const code = await newCode(world)
    const text = writeEnrolmentCode(code)
    const asked = {
      organisation: 'acme',
      title: 'Acme Ltd',
      contact: 'help@acme.example',
      address: world.device,
      pinned: true,
      expires: code.expires,
    }
    await expect(computer.call('introduce', { code: text })).resolves.toEqual(asked)
    await expect(stat(layoutOf(computer.data).deviceKey)).rejects.toMatchObject({ code: 'ENOENT' })
    const other = writeEnrolmentCode({ ...code, pin: 'a'.repeat(64) })
    await expect(computer.call('introduce', { code: other })).rejects.toMatchObject({ code: 'pin-mismatch' })
    const unknown = writeEnrolmentCode({ ...code, secret: 'ab'.repeat(16) })
    await expect(computer.call('introduce', { code: unknown })).rejects.toMatchObject({ code: 'enrolment-refused' })
    await expect(computer.call('enrol', { code: text })).resolves.toMatchObject({ organisation: 'acme' })
  })
})

describe('the licence of a desktop', () => {
  it('is read and accepted before activation, and the journal says which text', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world, openRules, Buffer.from('Use it well.\n'))
    const device = await computer.enrol(world)
    const activate = () => computer.call('activate', { desktop: 'office', presented: null, password: null })
    await expect(activate()).rejects.toMatchObject({ code: 'refused', reasons: [expect.objectContaining({ code: 'eula-not-accepted' })] })
    const { sha256, text, accepted } = await computer.call('eula', { desktop: 'office' })
    expect([text, accepted]).toEqual(['Use it well.\n', false])
    const another = computer.call('acceptEula', { desktop: 'office', sha256: 'a'.repeat(64) })
    await expect(another).rejects.toMatchObject({ code: 'eula-changed' })
    await computer.call('acceptEula', { desktop: 'office', sha256 })
    await expect(computer.call('list', {})).resolves.toMatchObject({ desktops: [{ eula: { sha256, accepted: true } }] })
    await expect(activate()).resolves.toMatchObject({ instance: 'office' })
    await vi.waitFor(async () => {
      const { entries, verified } = await showReport(operator, world.console, device, 50)
      expect(verified).toBe(true)
      expect(entries).toContainEqual(expect.objectContaining({ type: 'eula-accepted', data: { desktop: 'office', sha256 } }))
    }, 60_000)
  })

  it('is not shown where other bytes come than were approved', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    const eula = Buffer.from('Use it well.\n')
    await publishDesktop(world, openRules, eula)
    await computer.enrol(world)
    const name = (await computer.call('list', {})).desktops[0]?.eula?.sha256 ?? ''
    const path = join(world.data, 'objects', name.slice(0, 2), name)
    await writeFile(path, 'Use it ill.\n')
    await expect(computer.call('eula', { desktop: 'office' })).rejects.toMatchObject({ code: 'eula-altered' })
    await writeFile(path, eula)
    await expect(computer.call('eula', { desktop: 'office' })).resolves.toMatchObject({ text: 'Use it well.\n' })
  })
})

describe('a request of the user', () => {
  it('is passed on where the session offers it, and refused where it does not', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    await computer.enrol(world)
    const host = await computer.running()
    host.requests = ['pause']
    await expect(computer.call('ask', { instance: 'office', request: 'suspend' })).rejects.toMatchObject({ code: 'request-refused' })
    await computer.call('ask', { instance: 'office', request: 'pause' })
    expect(host.asked).toEqual(['pause'])
  })
})

describe('what a VM uses', () => {
  it('is what its session host says, and nothing where there is none that answers', async () => {
    const [world, computer] = [await realWorld(), await Computer.fresh()]
    await publishDesktop(world)
    await computer.enrol(world)
    const host = await computer.running()
    await expect(computer.call('stats', { instance: 'office' })).resolves.toEqual({ stats: null })
    host.stats = { processorSeconds: 1.5, residentBytes: 7, balloonMiB: null, disks: null, network: { toGuest: 1, fromGuest: 2, refused: 3 } }
    await expect(computer.call('stats', { instance: 'office' })).resolves.toEqual({ stats: host.stats })
    await expect(computer.call('network', { instance: 'office' })).resolves.toEqual({ network: null, quarantine: [] })
    const sent = { frames: 1, bytes: 60 }
    host.network = {
      ...{ mode: 'isolated', lan: 'lab', mac: '02:00:00:00:00:01', address: '10.64.4.1', neighbours: ['10.64.4.2'], uplink: null, waiting: false },
      ...{ flows: 0, opened: 0, toGuest: sent, fromGuest: sent, lost: 0, refused: [{ reason: 'spoofed', packets: 1 }], latest: [] },
    }
    await expect(computer.call('network', { instance: 'office' })).resolves.toEqual({ network: host.network, quarantine: [] })
    await expect(computer.call('network', { instance: 'another' })).rejects.toMatchObject({ code: 'instance-unknown' })
    host.stats = 'silent'
    await expect(computer.call('stats', { instance: 'office' })).resolves.toEqual({ stats: null })
    await expect(computer.call('stats', { instance: 'another' })).rejects.toMatchObject({ code: 'instance-unknown' })
  })
})
