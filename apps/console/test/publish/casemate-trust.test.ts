// SPDX-License-Identifier: Apache-2.0
//
// The command line as an organisation uses it, each command a process of its own.
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { combineShares, splitInstanceKey } from '@casemate/policy/escrow'
import { thumbprint } from '@casemate/policy/jwk'
import { parseEscrowKeys } from '@casemate/policy/key-list'
import { overrideTyp } from '@casemate/policy/override'
import { ed25519Signer } from '@casemate/policy/signer'
import { generateDeviceKey } from '@casemate/policy/software-device-key'
import { signToken } from '@casemate/policy/token'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPlanFile } from '../../cli-trust/plan-file.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { freshFolder } from './organisation.ts'

const main = fileURLToPath(new URL('../../cli-trust/main.ts', import.meta.url))

interface Outcome {
  readonly exit: number
  readonly result: Readonly<Record<string, unknown>>
}

async function trust(...args: readonly string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  execFile(process.execPath, [main, ...args, '--json'], (error, stdout) => {
    const exit = error === null ? 0 : Number(error.code)
    resolve({ exit, result: JSON.parse(stdout) })
  })
  return await promise
}

const refused = (code: string, exit = 1) => ({ exit, result: { error: { code } } })

const names = ['ada', 'bert', 'approver', 'online'] as const
let keys = ''
let plan = (_approvers: string): string => ''

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'casemate-trust-keys-'))
  await writeFile(join(keys, 'pass'), 'correct horse battery\n')
  const lines: string[] = []
  for (const name of names) {
    const kind = name === 'online' ? 'online' : 'approver'
    const { exit, result } = await trust('keygen', '--kind', kind, '--out', join(keys, `${name}.key`), '--passphrase-file', join(keys, 'pass'))
    expect(exit).toBe(0)
    lines.push(`  ${name}: { holder: ${name === 'approver' ? 'ada' : name}, publicKey: ${result.publicKey} }`)
  }
  plan = (approvers) => `keys:
${lines.join('\n')}
roles:
  root: { threshold: 2, keys: [ada, bert] }
  targets: { threshold: 1, keys: [ada, bert] }
  snapshot: { threshold: 1, keys: [online] }
  timestamp: { threshold: 1, keys: [online] }
  packages: { threshold: 1, keys: [${approvers}] }
`
})
afterAll(() => rm(keys, { recursive: true, force: true }))

async function ceremony() {
  const folder = await freshFolder()
  const at = (name: string) => join(folder, name)
  const key = (name: (typeof names)[number]) => join(keys, `${name}.key`)
  await writeFile(at('trust.yaml'), plan('approver'))
  return { at, key, repository: ['--repository', at('repository')], pass: ['--passphrase-file', join(keys, 'pass')] }
}

describe('casemate-trust', () => {
  it('goes through the ceremony, with one key on a computer that never sees the repository', async () => {
    const { at, key, repository, pass } = await ceremony()
    const begin = ['init', ...repository, '--plan', at('trust.yaml'), '--author', 'ada', '--key', key('ada'), ...pass]
    const online = ['--online', key('online'), '--online-passphrase-file', join(keys, 'pass')]
    expect(await trust(...begin, ...online)).toMatchObject({ exit: 0, result: { published: [], waiting: ['root', 'targets'] } })
    expect((await trust('status', ...repository)).result).toMatchObject({ roles: [], waiting: [{ role: 'root' }, { role: 'targets' }] })

    const review = await trust('review', ...repository, '--role', 'root', '--out', at('root.bytes'))
    const sha256 = String(review.result.sha256)
    const elsewhere = ['sign', '--bytes', at('root.bytes'), '--key', key('bert'), ...pass, '--out', at('root.signature')]
    expect(await trust(...elsewhere, '--sha256', '0'.repeat(64))).toMatchObject(refused('usage', 2))
    expect((await trust(...elsewhere, '--sha256', sha256)).exit).toBe(0)
    const accept = ['accept', ...repository, '--role', 'root', '--signature', at('root.signature')]
    expect(await trust(...accept)).toMatchObject({ exit: 0, result: { progress: [{ needed: 2, given: 2 }] } })
    expect(await trust(...accept)).toMatchObject(refused('key-signed'))
    const out = await trust('publish', ...repository, '--online', key('online'), ...pass)
    expect(out.result).toMatchObject({ published: [{ role: 'root' }, { role: 'targets' }] })

    await writeFile(at('manifest.json'), '{"name":"office"}')
    const listed = ['stage', ...repository, '--role', 'targets', '--author', 'bert', '--add', `keys/escrow.json=${at('manifest.json')}`]
    expect(await trust(...listed)).toMatchObject(refused('key-list-invalid'))
    const stage = ['stage', ...repository, '--role', 'packages', '--author', 'bert', '--add']
    expect(await trust(...stage, `releases/office/1.json=${at('manifest.json')}`)).toMatchObject(refused('path-invalid'))
    const staged = await trust(...stage, `packages/office/1.json=${at('manifest.json')}`)
    const sign = ['sign', ...repository, '--role', 'packages', '--sha256', String(staged.result.sha256), ...pass, '--key']
    expect(await trust(...sign, key('online'))).toMatchObject(refused('key-kind'))
    expect(await trust(...sign, key('bert'))).toMatchObject(refused('key-not-in-role'))
    expect((await trust(...sign, key('approver'))).exit).toBe(0)
    expect((await trust('publish', ...repository, '--online', key('online'), ...pass)).result).toMatchObject({ published: [{ role: 'packages' }] })

    const head = ['--head', at('head.json')]
    expect((await trust('log', 'head', ...repository, '--out', at('head.json'))).result).toMatchObject({ format: 'casemate-log-head-1', size: 0 })
    expect(await trust('log', 'verify', ...repository, ...head)).toMatchObject({ exit: 0, result: { size: 0 } })
    expect((await trust('log', 'prove', ...repository, '--since', at('head.json'), '--out', at('proof.json'))).exit).toBe(0)
    expect(await trust('log', 'verify', '--proof', at('proof.json'), ...head)).toMatchObject({ exit: 0, result: { kind: 'consistency' } })
    expect(await trust('log', 'verify', '--proof', at('head.json'), ...head)).toMatchObject(refused('log-file-invalid'))
    expect(await trust('log', 'verify', ...head)).toMatchObject(refused('usage', 2))
    const none = ['--path', 'releases/office/1.json', '--out', at('none.json')]
    expect(await trust('log', 'prove', ...repository, ...none)).toMatchObject(refused('log-entry-missing'))

    await writeFile(at('trust.yaml'), plan('approver, bert'))
    const rotate = ['rotate', ...repository, '--plan', at('trust.yaml'), '--author', 'ada']
    expect((await trust(...rotate)).result).toEqual({ staged: ['targets'] })
    expect((await trust('withdraw', ...repository, '--role', 'targets')).exit).toBe(0)
    expect((await trust('renew', ...repository, '--online', key('online'), ...pass)).result).toEqual({ renewed: 'nothing' })

    const { roles } = await readRepository(folderStore(at('repository')))
    expect(Object.keys(roles.get('packages')?.document.signed.targets ?? {})).toEqual(['packages/office/1.json'])
  })

  it('refuses a wrong passphrase, and a key that is there already, and leaves nothing of it', async () => {
    const { at, key, repository, pass } = await ceremony()
    const init = ['init', ...repository, '--plan', at('trust.yaml'), '--author', 'ada', '--online', key('online'), '--online-passphrase-file']
    await writeFile(at('wrong'), 'another passphrase\n')
    expect(await trust(...init, at('wrong'))).toMatchObject(refused('sealed-key-passphrase'))
    expect(await trust('keygen', '--kind', 'online', '--out', key('online'), ...pass)).toMatchObject(refused('exists'))
    expect(await trust('publish', ...repository)).toMatchObject(refused('usage', 2))
    expect(await readdir(at('.'))).toEqual(['trust.yaml', 'wrong'])
    const offline = ['--key', key('ada'), '--key', key('bert'), ...pass]
    expect(await trust(...init, join(keys, 'pass'), ...offline)).toMatchObject({ exit: 0, result: { waiting: [] } })
  })

  it('prints no secret and leaves none in clear', async () => {
    const { key } = await ceremony()
    const { result } = await trust('show-key', '--key', key('ada'))
    expect(Object.keys(result).sort()).toEqual(['keyId', 'kind', 'publicKey'])
    expect(Object.keys(JSON.parse(await readFile(key('ada'), 'utf8'))).sort()).toEqual(['about', 'box', 'format', 'kdf', 'nonce'])
  })

  it('makes escrow keys and their list, and opens a share for the device that made it, with the key that it is for', async () => {
    const { at, key, pass } = await ceremony()
    const people = await Promise.all(
      ['ben', 'cora'].map(async (name) => (await trust('keygen', '--kind', 'escrow', '--out', at(`${name}.key`), ...pass)).result),
    )
    const publicKeys = people.flatMap(({ publicKey }) => ['--public-key', String(publicKey)])
    const list = ['escrow', 'list', '--out', at('escrow.json'), ...publicKeys]
    expect(await trust(...list, '--threshold', '3')).toMatchObject(refused('key-list-invalid'))
    expect((await trust(...list, '--threshold', '2')).result).toMatchObject({ threshold: 2, keys: people.map(({ keyId }) => keyId) })

    const keys = await parseEscrowKeys(await readFile(at('escrow.json')))
    const [{ key: device }, { key: other }] = [await generateDeviceKey(), await generateDeviceKey()]
    const random = (length: number) => new Uint8Array(randomBytes(length))
    const [secret, owner] = [random(32), { id: 'd-1', key: device }]
    const made = await splitInstanceKey(secret, { device: owner, instance: 'office', resetSeq: 0, keys, now: 1_800_000_000, random })
    for (const share of made) await writeFile(at(`share-${share.index}.json`), JSON.stringify(share))
    await writeFile(at('device.json'), JSON.stringify(device.agreementJwk))
    await writeFile(at('other.json'), JSON.stringify(other.agreementJwk))
    const open = (share: number, name: string, to = 'device.json') => {
      const files = ['--share', at(`share-${share}.json`), '--to', at(to), '--out', at(`back-${share}.json`)]
      return trust('escrow', 'open', ...files, '--key', name === 'ada' ? key('ada') : at(`${name}.key`), ...pass)
    }
    expect(await open(1, 'ada')).toMatchObject(refused('sealed-key-kind'))
    expect(await open(1, 'ben', 'other.json')).toMatchObject(refused('escrow-other-device'))
    expect(await open(1, 'ben', 'escrow.json')).toMatchObject(refused('device-key-invalid'))
    expect((await open(1, 'ben')).result).toMatchObject({ device: 'd-1', instance: 'office', index: 1, threshold: 2, of: 2 })
    expect((await open(2, 'cora')).exit).toBe(0)
    const back = await Promise.all([2, 1].map((index) => readFile(at(`back-${index}.json`), 'utf8')))
    expect((await combineShares(back, { device: owner, instance: 'office', resetSeq: 0, approved: keys })).key).toEqual(secret)

    // Once the help desk lets the instance move, the other device gets the shares, and no device that the grant does not name.
    const [desk, nobody] = [await newSigner(), await newSigner()]
    const [jkt, from, to] = await Promise.all([other.publicJwk, device.publicJwk, other.agreementJwk].map(thumbprint))
    const about = { iss: 'acme', sub: 'd-2', cnf: { jkt }, id: 'A'.repeat(22), desktop: 'office', iat: 1_800_000_000, exp: 1_800_086_400 }
    const move = { kind: 'move', grant: { instance: 'office', from: { device: 'd-1', jkt: from }, to } }
    await writeFile(at('move'), await signToken({ ...about, ...move }, { typ: overrideTyp, signer: desk.signer }))
    await writeFile(
      at('reset'),
      await signToken({ ...about, kind: 'reset', grant: { instance: 'office' } }, { typ: overrideTyp, signer: desk.signer }),
    )
    for (const [name, { signer, publicJwk }] of [['desk', desk] as const, ['nobody', nobody] as const]) {
      const list = { format: 'casemate-keys-1', purpose: 'help-desk', keys: [{ kid: signer.kid, jwk: publicJwk }] }
      await writeFile(at(`${name}.json`), JSON.stringify(list))
    }
    const give = (recipient: string, grant: string, list: readonly string[], out = 'given.json') => {
      const files = ['--share', at('share-1.json'), '--to', at(recipient), '--move', at(grant), '--out', at(out), ...list]
      return trust('escrow', 'open', ...files, '--key', at('ben.key'), ...pass)
    }
    const approved = ['--help-desk-keys', at('desk.json')]
    expect(await give('other.json', 'move', [])).toMatchObject(refused('move-invalid'))
    expect(await give('other.json', 'reset', approved)).toMatchObject(refused('move-invalid'))
    expect(await give('other.json', 'move', ['--help-desk-keys', at('nobody.json')])).toMatchObject(refused('token-key'))
    expect(await give('device.json', 'move', approved)).toMatchObject(refused('escrow-other-device'))
    expect((await give('other.json', 'move', approved)).result).toMatchObject({ device: 'd-1', instance: 'office', index: 1 })
  })
})

async function newSigner() {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
  return await ed25519Signer({ seed: bytes(d), publicKey: bytes(x) })
}

describe('trust.yaml', () => {
  it.each([
    ['an unknown field', 'roles:', 'note: 1\nroles:'],
    ['a threshold of zero', 'threshold: 2', 'threshold: 0'],
    ['a key that nobody holds', 'keys: [ada, bert]', 'keys: [ada, dora]'],
    ['a field given twice', 'holder: ada,', 'holder: ada, holder: bert,'],
  ])('with %s is refused, without it it is read', async (_what, from, to) => {
    const { at } = await ceremony()
    const path = at('trust.yaml')
    expect(plan('approver')).toContain(from)
    await writeFile(path, plan('approver').replace(from, to))
    await expect(readPlanFile(path)).rejects.toThrow(expect.objectContaining({ name: 'TrustError', code: 'plan-invalid' }))
    await writeFile(path, plan('approver'))
    const { keys: roles, delegations } = await readPlanFile(path)
    expect([roles.root.threshold, delegations.packages?.keys.map(({ holder }) => holder), delegations.releases]).toEqual([2, ['ada'], undefined])
  })
})
