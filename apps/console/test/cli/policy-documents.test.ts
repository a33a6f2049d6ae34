// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises'
import { readAdministratorKey } from '@casemate/policy/administrator-key'
import { expect, it } from 'vitest'
import { admin, makeWorkplace } from './admin.ts'

const policy = (version: string, rules: string, before = '') =>
  `${before}format: casemate-policy-1\nname: base\nversion: "${version}"\nminRuntime: 0.1.0\nrules:\n${rules}`
const memory = '  - {setting: memory, value: {maxMiB: 256}}\n'
const exit = '  - {setting: exit, value: suspend, locked: true}\n'

it('says in words what changes between two files, without a console, and nothing where only order and spelling differ', async () => {
  const { at } = await makeWorkplace()
  await writeFile(at('old.yaml'), policy('1', memory + exit))
  await writeFile(
    at('again.yaml'),
    policy('1', exit + memory, '# yaml-language-server: $schema=./policy.schema.json\n$schema: ./policy.schema.json\n'),
  )
  await writeFile(at('new.yaml'), policy('2', '  - {setting: exit, value: user, when: {tags: [lab]}}\n  - {setting: memory, value: {maxMiB: 512}}\n'))
  const [same, lines, json] = await Promise.all([
    admin(['policy', 'diff', at('old.yaml'), at('again.yaml')]),
    admin(['policy', 'diff', at('old.yaml'), at('new.yaml')]),
    admin(['policy', 'diff', at('old.yaml'), at('new.yaml'), '--json']),
  ])
  expect(same).toMatchObject({ code: 0, stdout: 'nothing changes but order or spelling\n' })
  expect(lines.stdout.split('\n')).toEqual([
    'version: 1 → 2',
    'removed exit: CHANGED: allows something new and forbids something old',
    '  - suspend ("suspend"), locked',
    'added exit, when with tag `lab`: LOOSENED',
    '  + the user decides ("user")',
    'changed memory: LOOSENED',
    '  - at most 256 MiB',
    '  + at most 512 MiB',
    '    maxMiB: 256 → 512',
    '',
  ])
  expect(JSON.parse(json.stdout)).toMatchObject({ rules: [{ kind: 'removed' }, { kind: 'added' }, { setting: 'memory', direction: 'loosened' }] })
})

it('refuses to compare what is no policy, and prints the schema that an editor checks one by', async () => {
  const { at } = await makeWorkplace()
  await writeFile(at('old.yaml'), policy('1', memory))
  await writeFile(at('wrong.yaml'), policy('2', '  - {setting: colour, value: red}\n'))
  const [wrong, schema] = await Promise.all([admin(['policy', 'diff', at('old.yaml'), at('wrong.yaml'), '--json']), admin(['policy', 'schema'])])
  expect([wrong.code, JSON.parse(wrong.stdout).error.code]).toEqual([1, 'policy-invalid'])
  expect(JSON.parse(schema.stdout)).toMatchObject({ type: 'object', properties: { rules: { type: 'array' } } })
})

it('prints the key of an administrator mode as a rule that a policy takes, and nothing that opens it', async () => {
  const { at } = await makeWorkplace()
  const [rule, json] = await Promise.all([
    admin(['policy', 'admin-key', '--passphrase-file', at('passphrase')]),
    admin(['policy', 'admin-key', '--passphrase-file', at('passphrase'), '--json']),
  ])
  const [, written = ''] = rule.stdout.split('\n\n')
  await writeFile(at('policy.yaml'), policy('1', written))
  expect(await admin(['policy', 'check', '--file', at('policy.yaml')])).toMatchObject({ code: 0 })
  const { key } = JSON.parse(json.stdout)
  expect(written).toContain('setting: administrator-mode')
  expect(Object.keys(readAdministratorKey(key))).toEqual(['kdf', 'wrapped', 'publicJwk'])
  await writeFile(at('policy.yaml'), policy('1', written.replace(/key: .*/, `key: ${key.slice(0, -4)}`)))
  expect(await admin(['policy', 'check', '--file', at('policy.yaml')])).toMatchObject({ code: 1 })
})
