// SPDX-License-Identifier: Apache-2.0
//
// The policy package in a real browser: every vector, a lease signed here, and a tree of the log, each with the result that Node has.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ed25519Signer } from '../../packages/policy/src/trust/ed25519-signer.ts'
import { leaseTyp } from '../../packages/policy/src/trust/lease.ts'
import { signToken } from '../../packages/policy/src/trust/token.ts'
import { inputOf, now } from '../../packages/policy/vectors/scenario.ts'
import { launchChromium } from './chromium.ts'
import * as reader from './policy-reader.ts'

const vectors = join(import.meta.dirname, '../../packages/policy/vectors')
let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

/** A page with the bundle, from loopback: keys of the browser are for secure contexts only. */
async function openReader(): Promise<{ page: Page; ask: (call: string) => Promise<unknown> }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'policy-reader.ts')],
    ...{ bundle: true, write: false, metafile: true, format: 'iife', globalName: 'reader', platform: 'browser', logLevel: 'silent' },
  })
  expect(Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external === true))).toEqual([])
  const script = outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    const isScript = request.url === '/reader.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script src="/reader.js"></script>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const page = await browser.newPage()
  onTestFinished(async () => {
    await page.close()
    server.close()
  })
  await page.goto(`http://127.0.0.1:${addressOf(server.address()).port}/`)
  return { page, ask: (call) => page.evaluate(call) }
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return address
}

describe('the policy package in a browser', () => {
  it('decides every vector as Node does, to the byte', async () => {
    const { ask } = await openReader()
    for (const kind of ['decide', 'activation', 'live'] as const) {
      const texts = readdirSync(join(vectors, kind)).map((file) => readFileSync(join(vectors, kind, file), 'utf8'))
      const found = await ask(`${JSON.stringify(texts)}.map((text) => reader.readers[${JSON.stringify(kind)}](text))`)
      expect(texts.length).toBeGreaterThan(10)
      expect(found).toEqual(texts.map((text) => reader.readers[kind](text)))
      const wanted = texts.map((text) => JSON.parse(text)).map(({ decision, actions }) => decision ?? actions)
      expect(texts.map((text) => JSON.parse(reader.readers[kind](text)))).toEqual(wanted)
    }
  })

  it('takes a lease that holds, and refuses one that was altered, is late or under another key', async () => {
    const { ask } = await openReader()
    const keys = await Promise.all(
      [0, 1].map(async () => {
        const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
        return await ed25519Signer({ seed: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') })
      }),
    )
    const [own, other] = keys
    if (own === undefined || other === undefined) throw new Error('expected two keys')
    const { lease } = inputOf({})
    const token = await signToken(lease ?? {}, { typ: leaseTyp, signer: own.signer })
    const [head = '', body = '', signature = ''] = token.split('.')
    const flipped = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    const number = (text: string, key: unknown, at: number) => ask(`reader.leaseNumber(${JSON.stringify(text)}, ${JSON.stringify(key)}, ${at})`)
    expect([await number(token, own.publicJwk, now), await reader.leaseNumber(token, own.publicJwk, now)]).toEqual(['40', '40'])
    expect(await number(flipped, own.publicJwk, now)).toBe('token-signature')
    expect(await number(token, other.publicJwk, now)).toBe('token-signature')
    expect(await number(token, own.publicJwk, lease?.exp ?? 0)).toBe('lease-expired')
    expect(await number(token, own.publicJwk, (lease?.exp ?? 0) - 1)).toBe('40')
  })

  it('proves each leaf of a log, with the root that Node has', async () => {
    const { ask } = await openReader()
    const leaves = Array.from({ length: 13 }, (_, at) => `policies/base/${at}.json`)
    expect(await ask(`reader.provenRoot(${JSON.stringify(leaves)})`)).toBe(await reader.provenRoot(leaves))
  })
})
