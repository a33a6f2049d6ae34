// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { admin, main, makeKey, makeWorkplace, type Workplace } from './admin.ts'

const keygen = ({ at }: Workplace, ...more: readonly string[]) => admin(['keygen', '--out', at('org.key'), ...more])

describe('casemate-admin keygen', () => {
  it('writes a sealed key that only its owner may read', async () => {
    const place = await makeWorkplace()
    const { code, stdout } = await keygen(place, '--passphrase-file', place.at('passphrase'), '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ kind: 'chunk-key', file: place.at('org.key') })
    const file = JSON.parse(await readFile(place.at('org.key'), 'utf8'))
    expect(file).toMatchObject({ format: 'casemate-sealed-key-1', about: { kind: 'chunk-key' }, kdf: { name: 'argon2id' } })
    expect((await stat(place.at('org.key'))).mode & 0o777).toBe(0o600)
  })

  it('never writes over a key', async () => {
    const place = await makeWorkplace()
    await makeKey(place)
    const before = await readFile(place.at('org.key'), 'utf8')
    const { code, stdout } = await keygen(place, '--passphrase-file', place.at('passphrase'), '--json')
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'exists'])
    expect(await readFile(place.at('org.key'), 'utf8')).toBe(before)
  })

  it.each([
    ['short', 'seven77', 1, 'passphrase'],
    ['empty', '\n', 1, 'passphrase'],
    ['of two lines', 'correct horse\nbattery staple\n', 1, 'passphrase'],
    ['long enough', 'eight888', 0, undefined],
  ])('takes a passphrase that is %s: %j, code %i', async (_, passphrase, expected, refusal) => {
    const place = await makeWorkplace()
    await writeFile(place.at('passphrase'), passphrase)
    const { code, stdout } = await keygen(place, '--passphrase-file', place.at('passphrase'), '--json')
    expect([code, JSON.parse(stdout).error?.code]).toEqual([expected, refusal])
    expect((await readdir(place.folder)).includes('org.key')).toBe(expected === 0)
  })

  it('asks for no passphrase where there is no terminal', async () => {
    const place = await makeWorkplace()
    const { code, stderr } = await keygen(place)
    expect([code, stderr]).toEqual([2, 'casemate-admin: expected `--passphrase-file FILE`, or a terminal to ask on\n'])
  })

  it('says which file is missing', async () => {
    const place = await makeWorkplace()
    const { code, stderr } = await keygen(place, '--passphrase-file', place.at('nothing'))
    expect(code).toBe(3)
    expect(stderr).toContain(place.at('nothing'))
  })
})

/** Answers each prompt of a keygen on a terminal of its own. */
async function onTerminal({ at }: Workplace, answers: readonly string[]): Promise<{ code: number; output: string }> {
  const command = [process.execPath, main, 'keygen', '--out', at('org.key')].map((word) => `'${word}'`).join(' ')
  const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'])
  let output = ''
  let answered = 0
  terminal.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
    const prompts = output.match(/passphrase: |Once more: /g)?.length ?? 0
    if (prompts > answered && answered < answers.length) terminal.stdin.write(`${answers[answered++]}\r`)
  })
  const [code] = await once(terminal, 'close')
  return { code, output }
}

describe('casemate-admin keygen on a terminal', () => {
  it('asks twice and shows nothing of what is typed', async () => {
    const place = await makeWorkplace()
    const { code, output } = await onTerminal(place, ['wrong\u007f\u007f\u007f\u007f\u007fbattery staple', 'battery staple'])
    expect(code).toBe(0)
    expect(output).not.toContain('staple')
    expect(output).not.toContain('wrong')
    await writeFile(place.at('passphrase'), 'battery staple')
    const opened = await admin(['seal', '--org-key', place.at('org.key'), ...(await sealRest(place))])
    expect(opened.code).toBe(0)
  })

  it('refuses two that differ', async () => {
    const place = await makeWorkplace()
    const { code, output } = await onTerminal(place, ['battery staple', 'battery stable'])
    expect(code).toBe(1)
    expect(output).toContain('the two passphrases differ')
    expect(await readdir(place.folder)).not.toContain('org.key')
  })
})

async function sealRest({ at }: Workplace): Promise<readonly string[]> {
  return [
    ...['--name', 'a', '--version', '1', '--machine', at('machine.yaml'), '--disk', `system=${at('system.img')}`, '--disk', `user=${at('user.img')}`],
    ...['--store', at('store'), '--out', at('out'), '--passphrase-file', at('passphrase')],
  ]
}
