// SPDX-License-Identifier: Apache-2.0
//
// Signed heads: what the signature, and two heads beside each other, give away.
import { generateKeyPairSync } from 'node:crypto'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ed25519Signer } from '@casemate/policy/signer'
import type { Signer } from '@casemate/policy/token'
import { expect, it } from 'vitest'
import type { LogHead } from '../../src/log/documents.ts'
import { openLog, proveEntry, proveSince } from '../../src/log/prove.ts'
import { checkHeads, readSignedHead, signHead } from '../../src/log/signed-head.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { coded, freshFolder, now, type Organisation, organisation, text } from './organisation.ts'
import { runWithin } from './run-command.ts'

async function newKey() {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
  return await ed25519Signer({ seed: bytes(d), publicKey: bytes(x) })
}

const { signer, publicJwk } = await newKey()
const approved = (kid: string) => (kid === signer.kid ? publicJwk : undefined)
const head = (size: number, root = '1'): LogHead => ({ format: 'casemate-log-head-1', origin: 'a'.repeat(64), size, root: root.repeat(64) })
const at = (iat: number, size: number, root?: string) => ({ head: head(size, root), iat })

it('a head is read as the approved key signed it, and not as another key did or with another root', async () => {
  const token = await signHead(head(3), signer, now)
  await expect(readSignedHead(token, approved)).resolves.toEqual({ head: head(3), iat: now })
  const { signer: other } = await newKey()
  await expect(readSignedHead(await signHead(head(3), other, now), approved)).rejects.toMatchObject({ code: 'token-key' })
  const forged = await signHead(head(3), { ...other, kid: signer.kid }, now)
  await expect(readSignedHead(forged, approved)).rejects.toMatchObject({ code: 'token-signature' })
  const [start, , signature] = token.split('.')
  const [, body] = (await signHead(head(3, '2'), signer, now)).split('.')
  await expect(readSignedHead(`${start}.${body}.${signature}`, approved)).rejects.toMatchObject({ code: 'token-signature' })
})

it('heads of a log that grew or stood still fit together, and not two roots of one size, a later shorter one, or one of another organisation', () => {
  expect(() => checkHeads([at(3, 5, '5'), at(1, 3), at(2, 3), at(3, 4, '4')])).not.toThrow()
  expect(() => checkHeads([at(1, 3), at(2, 3, '2')])).toThrow(coded('log-forked'))
  expect(() => checkHeads([at(2, 3), at(1, 4, '4')])).toThrow(coded('log-shrunk'))
  expect(() => checkHeads([at(1, 3), { iat: 2, head: { ...head(3), origin: 'b'.repeat(64) } }])).toThrow(coded('log-inconsistent'))
})

async function publishRelease(org: Organisation, store: ReturnType<typeof folderStore>, serial: number, content: string) {
  await stageTargets(store, { role: 'releases', author: 'ada', now, add: [{ path: `releases/office/${serial}.json`, bytes: text(content) }] })
  await org.approve(store, 'releases', org.approverBert)
  await org.publish(store)
}

it('an auditor who kept signed heads finds with them a copy that grew, an entry, and a history that was told otherwise to others', async () => {
  const [{ org, store, folder }, notes] = [await organisation(), await freshFolder()]
  const at = (name: string) => join(notes, name)
  const { signer: other, publicJwk: otherJwk } = await newKey()
  const listOf = (kid: string, jwk: object) => JSON.stringify({ format: 'casemate-keys-1', purpose: 'online', keys: [{ kid, jwk }] })
  await writeFile(at('online.json'), listOf(signer.kid, publicJwk))
  await writeFile(at('foreign.json'), listOf(other.kid, otherJwk))
  const keep = async (name: string, of: typeof store, iat: number, by: Signer = signer) => {
    await writeFile(at(name), `${await signHead((await openLog(of)).head, by, iat)}\n`)
    return ['--head', at(name)]
  }
  const verify = async (...args: readonly string[]) => {
    const { exit, stdout } = await runWithin('log', 'verify', ...args, '--json')
    return { exit, result: JSON.parse(stdout) }
  }
  const refused = (code: string) => ({ exit: 1, result: { error: { code } } })
  const [approved, copy] = [
    ['--keys', at('online.json')],
    ['--repository', folder],
  ]

  await publishRelease(org, store, 1, 'first')
  const first = await keep('first', store, now)
  const early = await openLog(store)
  const forkFolder = join(await freshFolder(), 'fork')
  await cp(folder, forkFolder, { recursive: true })
  await publishRelease(org, store, 2, 'second')
  const second = await keep('second', store, now + 1)

  expect(await verify(...copy, ...first, ...second, ...approved)).toMatchObject({ exit: 0, result: { size: 2 } })
  expect(await verify(...copy, ...first, '--keys', at('foreign.json'))).toMatchObject(refused('token-key'))
  const forged = await keep('forged', store, now + 1, { ...other, kid: signer.kid })
  expect(await verify(...copy, ...forged, ...approved)).toMatchObject(refused('token-signature'))
  expect(await verify(...copy, ...first)).toMatchObject(refused('log-file-invalid'))

  const log = await openLog(store)
  await writeFile(at('grown.json'), JSON.stringify(await proveSince(log, early.head)))
  await writeFile(at('inside.json'), JSON.stringify(await proveEntry(log, 'releases/office/2.json')))
  expect(await verify('--proof', at('grown.json'), ...first, ...second, ...approved)).toMatchObject({ exit: 0, result: { kind: 'consistency' } })
  expect(await verify('--proof', at('inside.json'), ...second, ...approved)).toMatchObject({ exit: 0, result: { kind: 'inclusion' } })
  expect(await verify('--proof', at('inside.json'), ...first, ...approved)).toMatchObject({ exit: 1 })

  // What somebody else was shown in place of the second release, signed by the same console.
  const fork = folderStore(forkFolder)
  await publishRelease(org, fork, 2, 'another second')
  const told = await keep('told', fork, now + 2)
  expect(await verify('--repository', forkFolder, ...first, ...told, ...approved)).toMatchObject({ exit: 0 })
  expect(await verify('--repository', forkFolder, ...second, ...approved)).toMatchObject(refused('log-inconsistent'))
  expect(await verify(...copy, ...second, ...told, ...approved)).toMatchObject(refused('log-forked'))
  await writeFile(at('back'), `${await signHead(early.head, signer, now + 4)}\n`)
  expect(await verify(...copy, ...second, '--head', at('back'), ...approved)).toMatchObject(refused('log-shrunk'))
})
