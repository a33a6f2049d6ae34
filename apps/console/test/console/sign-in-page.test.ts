// SPDX-License-Identifier: Apache-2.0
//
// Signing with a key file by the code of the page, against the console's own calls.
import { readFile } from 'node:fs/promises'
import { argon2id } from '@noble/hashes/argon2.js'
import { expect, it } from 'vitest'
import { signInPage } from '../../app/(console)/approvals/sign-in-page.ts'
import { newKeyFile } from '../../cli-trust/key-file.ts'
import { operatorCalls } from '../../operator-door/calls.ts'
import { consoleLayout } from '../../src/organisation/layout.ts'
import { stagePolicy } from '../../src/policies/stage.ts'
import { openRules, operator, passphrase, startWorld } from './world.ts'

it('derives the argon2id tag of RFC 9106, 5.3', () => {
  const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
  const tag = argon2id(filled(32, 1), filled(16, 2), { m: 32, t: 3, p: 4, dkLen: 32, key: filled(8, 3), personalization: filled(12, 4) })
  expect(Buffer.from(tag).toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659')
})

it('signs what is shown with the approver`s file, and is refused with another key, passphrase, or bytes; the key counts as unlocked', async () => {
  const world = await startWorld()
  const calls = operatorCalls(world.console, () => null)
  const inPages = { ...operator, inPages: true as const }
  await stagePolicy(
    operator,
    world.console,
    JSON.stringify({ format: 'casemate-policy-1', name: 'base', version: '1', minRuntime: '0.1.0', rules: openRules }),
  )
  const version = await calls['read-pending'](operator, { role: 'policies' })
  const text = await readFile(consoleLayout(world.data).key('approver'), 'utf8')
  const refused = (code: string) => expect.objectContaining({ code })
  await expect(signInPage(version, { text, passphrase: `${passphrase}x` })).rejects.toThrow(refused('sealed-key-passphrase'))
  await expect(signInPage({ ...version, role: 'targets' }, { text, passphrase })).rejects.toThrow(refused('pending-altered'))
  const approve = async (signature: { keyid: string; sig: string }) =>
    await calls.approve(inPages, { role: 'policies', reviewed: version.sha256, signature })
  // Sealed by the command line, at the cost that it takes; in no role.
  const stranger = await newKeyFile('approver-key', 'another')
  const theirs = await signInPage(version, { text: stranger.text, passphrase: 'another' })
  await expect(approve(theirs)).rejects.toThrow(refused('key-not-in-role'))
  const signature = await signInPage(version, { text, passphrase })
  await expect(approve({ ...signature, sig: theirs.sig })).rejects.toThrow(refused('signature-invalid'))
  const policies = async () => (await calls['list-key-custody'](operator, {})).roles.find(({ role }) => role === 'policies')
  expect(await policies()).toMatchObject({ threshold: 1, unlocked: [] })
  expect(await approve(signature)).toMatchObject({ published: [{ role: 'policies' }] })
  expect(await policies()).toMatchObject({ unlocked: [{ keyId: signature.keyid }] })
})

it('does not count a key that signed elsewhere as unlocked', async () => {
  const world = await startWorld()
  const calls = operatorCalls(world.console, () => null)
  await stagePolicy(
    operator,
    world.console,
    JSON.stringify({ format: 'casemate-policy-1', name: 'base', version: '1', minRuntime: '0.1.0', rules: openRules }),
  )
  const version = await calls['read-pending'](operator, { role: 'policies' })
  const sig = Buffer.from(await world.approver.sign(Buffer.from(version.bytes, 'base64'))).toString('hex')
  await calls.approve(operator, { role: 'policies', reviewed: version.sha256, signature: { keyid: world.approver.keyId, sig } })
  expect((await calls['list-key-custody'](operator, {})).roles.flatMap(({ unlocked }) => unlocked)).toEqual([])
})
