// SPDX-License-Identifier: Apache-2.0
//
// The command line as an organisation uses it, each command a process of its own.
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderStore } from '../../src/publish/folder-store.ts'
import { readRepository } from '../../src/publish/repository.ts'
import { filesIn, freshFolder } from './organisation.ts'

const main = join(import.meta.dirname, '../../cli-trust/main.ts')
const passphrase = 'correct horse battery'

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

async function organisation() {
  const folder = await freshFolder()
  const at = (name: string) => join(folder, name)
  await writeFile(at('pass'), `${passphrase}\n`)
  const names = ['ada', 'bert', 'approver', 'online'] as const
  const publicKeys = new Map<string, unknown>()
  for (const name of names) {
    const kind = name === 'online' ? 'online' : 'approver'
    const { exit, result } = await trust('keygen', '--kind', kind, '--out', at(`${name}.key`), '--passphrase-file', at('pass'))
    expect(exit).toBe(0)
    publicKeys.set(name, result.publicKey)
  }
  const plan = (more: string) => `
keys:
${names.map((name) => `  ${name}: { holder: ${name === 'approver' ? 'ada' : name}, publicKey: ${publicKeys.get(name)} }`).join('\n')}
roles:
  root: { threshold: 2, keys: [ada, bert] }
  targets: { threshold: 1, keys: [ada, bert] }
  snapshot: { threshold: 1, keys: [online] }
  timestamp: { threshold: 1, keys: [online] }
  packages: { threshold: 1, keys: [approver${more}] }
`
  await writeFile(at('trust.yaml'), plan(''))
  const repository = ['--repository', at('repository')]
  const pass = ['--passphrase-file', at('pass')]
  return { folder, at, plan, repository, pass }
}

describe('casemate-trust', () => {
  it('goes through the ceremony, with one key on a computer that never sees the repository', async () => {
    const { at, plan, repository, pass } = await organisation()
    const begin = ['init', ...repository, '--plan', at('trust.yaml'), '--author', 'ada', '--key', at('ada.key'), ...pass]
    const online = ['--online', at('online.key'), '--online-passphrase-file', at('pass')]
    expect(await trust(...begin, ...online)).toMatchObject({ exit: 0, result: { published: [], waiting: ['root', 'targets'] } })
    expect((await trust('status', ...repository)).result).toMatchObject({ roles: [], waiting: [{ role: 'root' }, { role: 'targets' }] })

    const review = await trust('review', ...repository, '--role', 'root', '--out', at('root.bytes'))
    const sha256 = String(review.result.sha256)
    const elsewhere = ['sign', '--bytes', at('root.bytes'), '--key', at('bert.key'), ...pass, '--out', at('root.signature')]
    expect(await trust(...elsewhere, '--sha256', '0'.repeat(64))).toMatchObject(refused('usage', 2))
    expect((await trust(...elsewhere, '--sha256', sha256)).exit).toBe(0)
    const accept = ['accept', ...repository, '--role', 'root', '--signature', at('root.signature')]
    expect(await trust(...accept)).toMatchObject({ exit: 0, result: { progress: [{ needed: 2, given: 2 }] } })
    expect(await trust(...accept)).toMatchObject(refused('key-signed'))
    const out = await trust('publish', ...repository, '--online', at('online.key'), ...pass)
    expect(out.result).toMatchObject({ published: [{ role: 'root' }, { role: 'targets' }] })

    await writeFile(at('manifest.json'), '{"name":"office"}')
    const stage = ['stage', ...repository, '--role', 'packages', '--author', 'bert', '--add']
    expect(await trust(...stage, `releases/office/1.json=${at('manifest.json')}`)).toMatchObject(refused('path-invalid'))
    const staged = await trust(...stage, `packages/office/1.json=${at('manifest.json')}`)
    const sign = ['sign', ...repository, '--role', 'packages', '--sha256', String(staged.result.sha256), ...pass, '--key']
    expect(await trust(...sign, at('online.key'))).toMatchObject(refused('key-kind'))
    expect(await trust(...sign, at('bert.key'))).toMatchObject(refused('key-not-in-role'))
    expect((await trust(...sign, at('approver.key'))).exit).toBe(0)
    expect((await trust('publish', ...repository, '--online', at('online.key'), ...pass)).result).toMatchObject({ published: [{ role: 'packages' }] })

    await writeFile(at('trust.yaml'), plan(', bert'))
    const rotate = ['rotate', ...repository, '--plan', at('trust.yaml'), '--author', 'ada']
    expect((await trust(...rotate)).result).toEqual({ staged: ['targets'] })
    expect((await trust('withdraw', ...repository, '--role', 'targets')).exit).toBe(0)
    expect((await trust('renew', ...repository, '--online', at('online.key'), ...pass)).result).toEqual({ renewed: 'nothing' })

    const { roles } = await readRepository(folderStore(at('repository')))
    expect(Object.keys(roles.get('packages')?.document.signed.targets ?? {})).toEqual(['packages/office/1.json'])
  }, 120_000)

  it('refuses a wrong passphrase, a plan that is not understood, and a key that is there already', async () => {
    const { folder, at, repository, pass } = await organisation()
    const init = ['init', ...repository, '--plan', at('trust.yaml'), '--author', 'ada', '--online', at('online.key')]
    const online = ['--online-passphrase-file', at('pass')]
    await writeFile(at('wrong'), 'another passphrase\n')
    const before = await filesIn(folder)
    expect(await trust(...init, '--online-passphrase-file', at('wrong'))).toMatchObject(refused('sealed-key-passphrase'))
    const plan = await readFile(at('trust.yaml'), 'utf8')
    for (const [from, to] of [
      ['roles:', 'note: 1\nroles:'],
      ['threshold: 2', 'threshold: 0'],
      ['keys: [ada, bert]', 'keys: [ada, dora]'],
      ['holder: ada', 'holder: ada, holder: bert'],
    ] as const) {
      await writeFile(at('trust.yaml'), plan.replace(from, to))
      expect(await trust(...init, ...online)).toMatchObject(refused('plan-invalid'))
    }
    await writeFile(at('trust.yaml'), plan)
    expect(await trust('keygen', '--kind', 'online', '--out', at('online.key'), ...pass)).toMatchObject(refused('exists'))
    expect(await trust('publish', ...repository)).toMatchObject(refused('usage', 2))
    expect(await filesIn(folder)).toEqual(before)
    expect(await trust(...init, ...online, '--key', at('ada.key'), '--key', at('bert.key'), ...pass)).toMatchObject({ exit: 0, result: { waiting: [] } })
  }, 120_000)

  it('prints no secret and leaves none in clear', async () => {
    const { at } = await organisation()
    const { result } = await trust('show-key', '--key', at('ada.key'))
    expect(Object.keys(result).sort()).toEqual(['keyId', 'kind', 'publicKey'])
    expect(Object.keys(JSON.parse(await readFile(at('ada.key'), 'utf8'))).sort()).toEqual(['about', 'box', 'format', 'kdf', 'nonce'])
  }, 60_000)
})
