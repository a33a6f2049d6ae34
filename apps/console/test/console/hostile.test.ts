// SPDX-License-Identifier: Apache-2.0
import { createConnection } from 'node:net'
import { connect } from 'node:tls'
import { errorBody, objectRoutes, proofHeader, routes, statusOf } from '@casemate/policy/protocol'
import { expect, it } from 'vitest'
import { defaultLimits } from '../../device-api/rate-limit.ts'
import { type Answer, errorOf, random, ScriptedDevice, send } from './device.ts'
import { newCode, startWorld, type World } from './world.ts'

/** Every route of the protocol, with a request that would do if whoever asks were a device; a new route without a row fails. */
const withoutProof: Readonly<
  Record<keyof typeof routes | keyof typeof objectRoutes, { readonly path: string; readonly body?: object; readonly code: string }>
> = {
  introduce: { path: routes.introduce.path, body: { secretSha256: 'ab'.repeat(32) }, code: 'enrolment-refused' },
  challengeTpm: {
    ...{ path: routes.challengeTpm.path, code: 'enrolment-refused' },
    body: { secretSha256: 'ab'.repeat(32), identity: { certificate: 'AAAA', attestKey: 'AAAA' } },
  },
  enrol: { path: routes.enrol.path, body: { secret: 'ab'.repeat(16), token: 'a.b.c' }, code: 'enrolment-refused' },
  checkIn: { path: routes.checkIn.path, body: {}, code: 'proof-refused' },
  activate: { path: routes.activate.path, body: { desktop: 'office', instance: 'one', presented: null }, code: 'proof-refused' },
  sendReport: { path: routes.sendReport.path, body: {}, code: 'proof-refused' },
  keepEscrow: { path: routes.keepEscrow.path, body: {}, code: 'proof-refused' },
  askTime: { path: routes.askTime.path, body: { nonce: 'short' }, code: 'bad-request' },
  object: { path: `${objectRoutes.object.prefix}${'0'.repeat(64)}`, code: 'proof-refused' },
  metadata: { path: `${objectRoutes.metadata.prefix}timestamp.json`, code: 'proof-refused' },
  target: { path: `${objectRoutes.target.prefix}keys/${'0'.repeat(64)}.online.json`, code: 'proof-refused' },
}

function expectNamed(answer: Answer): void {
  const { error } = errorBody.parse(JSON.parse(answer.bytes.toString()))
  expect(answer.status).toBe(statusOf[error.code])
}

it('gives nothing to whoever proves nothing, on every route', async () => {
  const world = await startWorld()
  expect(Object.keys(withoutProof).sort()).toEqual([...Object.keys(routes), ...Object.keys(objectRoutes)].sort())
  for (const { path, body, code } of Object.values(withoutProof)) {
    const answer = await send(world, path, body === undefined ? { method: 'GET' } : { body: JSON.stringify(body) })
    expectNamed(answer)
    expect([path, answer.body.error?.code]).toEqual([path, code])
  }
  for (const path of ['/', '/device/v1', '/device/v2/check-in', '/v1/read-audit']) {
    expect(errorOf(await send(world, path))).toEqual({ status: 404, code: 'not-found' })
  }
  expect(errorOf(await send(world, routes.checkIn.path, { method: 'GET' }))).toEqual({ status: 404, code: 'not-found' })
})

it('answers random bytes with a named refusal on every route, and serves the next device', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  for (const { path } of Object.values(routes)) {
    for (const size of [0, 1, 200]) {
      const body = Buffer.from(random(size))
      expectNamed(await send(world, path, { body }))
      const { token } = await device.proof('POST', path, body)
      expectNamed(await send(world, path, { body, headers: { [proofHeader]: token } }))
      expectNamed(await send(world, path, { body, headers: { [proofHeader]: body.toString('base64url') || '-' } }))
    }
  }
  expect(world.failures).toEqual([])
  expect((await device.checkIn()).status).toBe(200)
})

it('hangs up on what is no TLS, and serves the next device', async () => {
  const world = await startWorld()
  const { hostname, port } = new URL(world.device)
  const socket = createConnection({ host: hostname, port: Number(port) })
  const closed = Promise.withResolvers<void>()
  socket.on('close', () => closed.resolve())
  socket.on('error', () => closed.resolve())
  socket.resume()
  socket.write(random(4096))
  await closed.promise
  expect((await (await ScriptedDevice.make(world)).enrol(await newCode(world))).status).toBe(200)
})

it('refuses a body that is larger than its route allows, declared or not, and takes one within', async () => {
  const world = await startWorld()
  const device = await ScriptedDevice.enrolled(world)
  const { path, maxBytes } = routes.checkIn
  const large = Buffer.alloc(maxBytes + 1, ' ')
  const oversize = await device.proof('POST', path, large)
  expect(errorOf(await send(world, path, { body: large, headers: { [proofHeader]: oversize.token } }))).toEqual({ status: 413, code: 'too-large' })
  expect(errorOf(await send(world, path, { body: large }))).toEqual({ status: 401, code: 'proof-refused' })
  expect(errorOf(await send(world, routes.askTime.path, { body: ' '.repeat(1025) }))).toEqual({ status: 400, code: 'bad-request' })
  const body = Buffer.from(JSON.stringify(device.checkInBody()).padEnd(100_000))
  const { token } = await device.proof('POST', path, body)
  expect((await send(world, path, { body, headers: { [proofHeader]: token } })).status).toBe(200)
  expect(await undeclared(world, path, oversize.token, maxBytes + 1)).toMatch(/^HTTP\/1\.1 413 /)
})

/** A chunked body, whose length nobody declares. */
async function undeclared(world: World, path: string, proof: string, size: number): Promise<string> {
  const { hostname, port } = new URL(world.device)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  const { promise, resolve } = Promise.withResolvers<string>()
  socket.once('data', (bytes) => resolve(bytes.toString()))
  // The console may hang up while the rest is still being sent.
  socket.on('error', (error) => resolve(error.message))
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${proofHeader}: ${proof}\r\ntransfer-encoding: chunked\r\n\r\n${size.toString(16)}\r\n`)
  socket.write(Buffer.alloc(size, ' '))
  socket.write('\r\n0\r\n\r\n')
  const answer = await promise
  socket.destroy()
  return answer
}

it('asks whoever calls too often to wait, and lets them through afterwards', async () => {
  const world = await startWorld({ limits: { ...defaultLimits, enrol: { burst: 2, perMinute: 6 }, activate: { burst: 1, perMinute: 6 } } })
  const device = await ScriptedDevice.enrolled(world)
  const other = await ScriptedDevice.make(world)
  const code = await newCode(world)
  await other.enrol({ secret: 'ab'.repeat(16) })
  const refused = await other.enrol(code)
  expect([errorOf(refused), refused.headers['retry-after']]).toEqual([{ status: 429, code: 'too-many-requests' }, '10'])
  expect(errorOf(await device.activate('guess'))).toEqual({ status: 404, code: 'not-assigned' })
  expect(errorOf(await device.activate('guess'))).toEqual({ status: 429, code: 'too-many-requests' })
  world.now += 10
  expect((await other.enrol(code)).status).toBe(200)
})
