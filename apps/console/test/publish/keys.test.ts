// SPDX-License-Identifier: Apache-2.0
//
// `add-key` and `remove-key` as an organisation uses them, on a repository that was made before; each command is once a process of its own.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeBase64url } from '@casemate/policy/base64url'
import { describe, expect, it } from 'vitest'
import { addToPlan, removeFromPlan } from '../../cli-trust/change-keys.ts'
import { parsePlan, readPlan, readPlanFile } from '../../cli-trust/plan-file.ts'
import { createRepository } from '../../src/publish/create.ts'
import { folderStore } from '../../src/publish/folder-store.ts'
import { publish } from '../../src/publish/publish.ts'
import { stageTargets } from '../../src/publish/stage-targets.ts'
import { statusOf } from '../../src/publish/status.ts'
import { coded, freshFolder, now, Organisation, person, text } from './organisation.ts'
import { type Outcome, runProcess, runWithin } from './run-command.ts'

const resultOf = ({ exit, stdout }: Outcome): { readonly exit: number; readonly result: unknown } => ({ exit, result: JSON.parse(stdout) })
const trust = async (...args: readonly string[]) => resultOf(await runWithin(...args, '--json'))
const trustProcess = async (...args: readonly string[]) => resultOf(await runProcess(...args, '--json'))

const refused = (code: string, exit = 1) => ({ exit, result: { error: { code } } })
const trustCoded = (code: string) => expect.objectContaining({ name: 'TrustError', code })

const textOf = (org: Organisation) => `# the keys of our organisation
keys:
  ada: { holder: ada, publicKey: ${encodeBase64url(org.ada.publicKey)} }
  bert: { holder: bert, publicKey: ${encodeBase64url(org.bert.publicKey)} } # on the blue stick
  ada-approves: { holder: ada, publicKey: ${encodeBase64url(org.approverAda.publicKey)} }
  bert-approves: { holder: bert, publicKey: ${encodeBase64url(org.approverBert.publicKey)} }
  online: { holder: console, publicKey: ${encodeBase64url(org.snapshot.publicKey)} }
roles:
  root: { threshold: 2, keys: [ ada, bert ] }
  targets: { threshold: 1, keys: [ ada, bert ] }
  snapshot: { threshold: 1, keys: [ online ] }
  timestamp: { threshold: 1, keys: [ online ] }
  packages: { threshold: 2, keys: [ ada-approves, bert-approves ] }
  releases: { threshold: 1, keys: [ ada-approves, bert-approves ] }
`

async function published() {
  const folder = await freshFolder()
  const [org, store, plan] = [new Organisation(), folderStore(join(folder, 'repository')), join(folder, 'trust.yaml')]
  await writeFile(plan, textOf(org))
  const first = { ...(await readPlanFile(plan)), author: 'ada', offline: [org.ada, org.bert] }
  await createRepository(store, first, { online: [org.snapshot], now: Math.floor(Date.now() / 1000) })
  const at = ['--repository', join(folder, 'repository'), '--plan', plan, '--author', 'ada']
  const waiting = async () => (await statusOf(store, now)).waiting.map(({ role }) => role)
  return { org, store, folder, plan, at, waiting, text: () => readFile(plan, 'utf8') }
}

describe('casemate-trust', () => {
  it('add-key changes the plan and stages the role that names the key, or leaves both as they were', async () => {
    const { org, plan, folder, at, waiting, text } = await published()
    const key = encodeBase64url(person('dora').publicKey)
    const dora = ['add-key', ...at, '--name', 'dora', '--holder', 'dora', '--public-key', key, '--role', 'packages']
    const before = await text()
    expect(await trust(...dora, '--threshold', '3')).toMatchObject(refused('threshold-invalid'))
    expect(await trustProcess(...dora, '--role', 'nothing')).toMatchObject(refused('usage', 2))
    expect([await text(), await waiting()]).toEqual([before, []])

    expect(await trustProcess(...dora)).toMatchObject({ exit: 0, result: { staged: ['targets'] } })
    expect(await waiting()).toEqual(['targets'])
    expect((await readPlanFile(plan)).delegations.packages?.keys.map(({ holder }) => holder)).toEqual(['ada', 'bert', 'dora'])
    expect((await text()).split('\n').filter((line) => !before.includes(line))).toEqual([
      `  dora: { holder: dora, publicKey: ${key} }`,
      '  packages: { threshold: 2, keys: [ ada-approves, bert-approves, dora ] }',
    ])

    const second = ['add-key', ...at, '--name', 'eve', '--holder', 'eve', '--public-key', encodeBase64url(person('eve').publicKey)]
    expect(await trust(...second, '--role', 'root')).toMatchObject(refused('plan-differs'))
    expect(await trust('remove-key', ...at, '--name', 'dora')).toMatchObject({ exit: 0, result: { staged: [] } })
    expect(await trustProcess('withdraw', ...at.slice(0, 2), '--role', 'targets')).toMatchObject({ exit: 0 })
    expect(await trust(...second, '--role', 'root', '--role', 'targets')).toMatchObject({ exit: 0, result: { staged: ['root'] } })
    expect(await readdir(folder)).toEqual(['repository', 'trust.yaml'])
    expect((await readPlanFile(plan)).keys.root).toMatchObject({ threshold: 2, keys: [{ keyId: org.ada.keyId }, {}, { holder: 'eve' }] })
  })

  it('plan writes the plan of what is published, which differs from it in nothing', async () => {
    const { org, folder, at } = await published()
    const out = join(folder, 'again.yaml')
    const [flag = '', repository = ''] = at
    expect(await trustProcess('plan', flag, repository, '--out', out)).toMatchObject({ exit: 0, result: { keys: 5 } })
    expect(await trust('plan', flag, repository, '--out', out)).toMatchObject(refused('exists'))
    expect((await readPlanFile(out)).keys.root).toMatchObject({ threshold: 2, keys: [{ holder: 'ada', keyId: org.ada.keyId }, { holder: 'bert' }] })
    expect(await trust('rotate', flag, repository, '--plan', out, '--author', 'ada')).toMatchObject({ exit: 0, result: { staged: [] } })
  })

  it('remove-key stages what the key had signed too, and refuses to go below the threshold', async () => {
    const { org, store, at, waiting, text: planText, plan } = await published()
    const before = await planText()
    expect(await trust('remove-key', ...at, '--name', 'bert-approves')).toMatchObject(refused('threshold-invalid'))
    expect(await trust('remove-key', ...at, '--name', 'nobody')).toMatchObject(refused('key-not-listed'))
    expect([await planText(), await waiting()]).toEqual([before, []])
    await stageTargets(store, { role: 'releases', author: 'ada', now, add: [{ path: 'releases/office/1.json', bytes: text(1) }] })
    await org.approve(store, 'releases', org.approverBert)
    await publish(store, { online: [org.snapshot], now: Math.floor(Date.now() / 1000) })
    const gone = ['remove-key', ...at, '--name', 'bert-approves', '--role', 'releases']
    expect(await trustProcess(...gone)).toMatchObject({ exit: 0, result: { staged: ['targets', 'releases'] } })
    expect((await readPlanFile(plan)).delegations).toMatchObject({
      packages: { keys: [{}, { holder: 'bert' }] },
      releases: { keys: [{ holder: 'ada' }] },
    })
  })
})

describe('a key into a plan', () => {
  const [org, dora] = [new Organisation(), person('dora')]
  const plan = textOf(org)
  const key = encodeBase64url(dora.publicKey)
  const add = { name: 'dora', holder: 'dora', publicKey: key, roles: ['packages'] as const }

  it.each([
    [
      'that the role has',
      trustCoded('key-listed'),
      { ...add, name: 'ada-approves', holder: 'ada', publicKey: encodeBase64url(org.approverAda.publicKey) },
    ],
    ['under the name of another', trustCoded('name-taken'), { ...add, name: 'bert' }],
    ['of another holder than before', trustCoded('name-taken'), { ...add, name: 'ada', publicKey: encodeBase64url(org.ada.publicKey) }],
    ['that is there under another name', coded('key-under-two-ids'), { ...add, publicKey: encodeBase64url(org.ada.publicKey) }],
    ['of a role that nobody approves for', coded('role-not-delegated'), { ...add, roles: ['policies'] as const }],
    ['that is too short', coded('key-invalid'), { ...add, publicKey: encodeBase64url(dora.publicKey.subarray(1)) }],
  ])('%s is refused, and a new one is taken', (_what, error, change) => {
    expect(() => addToPlan('trust.yaml', plan, change)).toThrow(error)
    const changed = readPlan('trust.yaml', parsePlan('trust.yaml', addToPlan('trust.yaml', plan, add)))
    expect(changed.delegations.packages).toMatchObject({ threshold: 2, keys: [{}, {}, { keyId: dora.keyId, holder: 'dora' }] })
  })

  it('and out of it again leaves the text as it was, comments and all', () => {
    const there = addToPlan('trust.yaml', plan, { ...add, roles: ['packages', 'root', 'timestamp'], threshold: 1 })
    const back = removeFromPlan('trust.yaml', there, { name: 'dora' })
    expect(back.replace(/(root|packages): { threshold: 1/g, '$1: { threshold: 2')).toBe(plan)
  })

  it.each([
    ['below the threshold', { name: 'ada-approves' }, { name: 'ada-approves', threshold: 1 }],
    ['to none', { name: 'online', roles: ['snapshot'] as const }, { name: 'bert', roles: ['targets'] as const }],
  ])('out of a role %s is refused, above it is not', (_what, gone, fine) => {
    expect(() => removeFromPlan('trust.yaml', plan, gone)).toThrow(coded('threshold-invalid'))
    expect(() => removeFromPlan('trust.yaml', plan, fine)).not.toThrow()
  })

  it('is not in a plan twice under two names, nor read with it', () => {
    const twice = plan.replace('  online:', `  again: { holder: ada, publicKey: ${encodeBase64url(org.ada.publicKey)} }\n  online:`)
    expect(() => readPlan('trust.yaml', parsePlan('trust.yaml', twice))).toThrow(coded('key-under-two-ids'))
    expect(() => readPlan('trust.yaml', parsePlan('trust.yaml', plan))).not.toThrow()
  })
})
