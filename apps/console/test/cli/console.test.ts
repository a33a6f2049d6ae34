// SPDX-License-Identifier: Apache-2.0
//
// The whole way of an administrator, with the server and every command as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readEnrolmentCode } from '@casemate/policy/enrolment-code'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { admin, makeWorkplace, type Workplace } from './admin.ts'

const server = join(import.meta.dirname, '../../server.ts')
const readyLine = z.strictObject({
  ready: z.literal(true),
  pid: z.number(),
  device: z.string(),
  pin: z.string(),
  operator: z.string(),
  web: z.null(),
})

const policyYaml = (setting: string, version = '1') => `# rules of all desktops
format: casemate-policy-1
name: base
version: "${version}"
minRuntime: 0.1.0
rules:
  - setting: ${setting}
    value: {mode: none}
`

const init = ({ at }: Workplace) =>
  admin(['init', '--data', at('org'), '--organisation', 'acme', '--title', 'Acme', '--passphrase-file', at('passphrase'), '--json'])

async function startServer({ at }: Workplace): Promise<{ child: ChildProcess; ready: z.infer<typeof readyLine> }> {
  const child = spawn(process.execPath, [server, '--data', at('org'), '--passphrase-file', at('passphrase')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, ready: readyLine.parse(JSON.parse(line)) }
}

async function stopServer(child: ChildProcess): Promise<number | null> {
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  return (await exit)[0]
}

/** Runs a command that must succeed. */
async function run(...args: readonly string[]) {
  const { code, stdout, stderr } = await admin([...args, '--json'])
  expect([args.slice(0, 2), code, stderr.includes('casemate-admin:') ? stderr : '']).toEqual([args.slice(0, 2), 0, ''])
  return JSON.parse(stdout)
}

it('makes an organisation, publishes a desktop, makes a code, and finds it all again after a restart', { timeout: 240_000 }, async () => {
  const place = await makeWorkplace()
  const { at } = place
  const made = await init(place)
  expect(made.code).toBe(0)
  expect(JSON.parse(made.stdout)).toMatchObject({
    organisation: 'acme',
    custody: { mode: 'single-operator', words: [expect.stringContaining('one approval is enough'), expect.anything(), expect.anything()] },
  })
  expect((await stat(at('org', 'keys', 'root.key'))).mode & 0o777).toBe(0o600)

  const { child, ready } = await startServer(place)
  expect(ready.pin).toBe(JSON.parse(made.stdout).pin)
  const data = ['--data', at('org')]
  const key = ['--key', at('org', 'keys', 'approver.key'), '--passphrase-file', at('passphrase')]
  await run(
    ...['seal', '--name', 'accounting', '--version', '1.0.0', '--machine', at('machine.yaml'), '--disk', `system=${at('system.img')}`],
    ...['--disk', `user=${at('user.img')}:user`, '--store', at('org', 'objects'), '--org-key', at('org', 'keys', 'chunk.key')],
    ...['--passphrase-file', at('passphrase'), '--out', at('sealed')],
  )
  await run('package', 'stage', ...data, '--sealed', at('sealed'))
  await writeFile(at('policy.yaml'), policyYaml('authentication'))
  await run('policy', 'stage', ...data, '--file', at('policy.yaml'))
  expect((await run('pending', ...data)).pending.map(({ role }: { role: string }) => role)).toEqual(['packages', 'policies'])
  const approved = await admin(['approve', ...data, '--role', 'policies', ...key])
  expect(approved.stderr).toContain('authentication: nothing')
  expect(approved.stdout).toContain('published policies 1')
  await run('approve', ...data, '--role', 'packages', ...key)
  await run(
    'release',
    'stage',
    ...data,
    '--desktop',
    'office',
    '--title',
    'Office',
    '--package',
    'accounting/1.0.0',
    '--layer',
    'organisation=base/1',
  )
  expect(await run('approve', ...data, '--role', 'releases', ...key)).toMatchObject({ published: [{ role: 'releases', version: 1 }] })
  const secret = ['--passphrase-file', at('passphrase')]
  expect(await run('fsck', ...data, ...secret)).toMatchObject({ clean: true, packages: 1, unneeded: { objects: 0 } })
  expect(await run('gc', ...data, ...secret, '--delete')).toMatchObject({ packages: 1, unused: { objects: 0 }, deleted: true })
  expect(await run('diff', 'accounting/1.0.0', 'accounting/1.0.0', ...data, ...secret)).toMatchObject({ fetched: { objects: 0, bytes: 0 } })
  const exported = await run('export', ...data, ...secret, '--desktop', 'office', '--out', at('office.tar'))
  expect(exported).toMatchObject({ desktop: 'office', serial: 1 })
  expect((await stat(at('office.tar'))).size).toBeGreaterThan(exported.bytes)
  const [lost = ''] = (await readdir(at('org/objects'), { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path))
  await rm(at(join('org/objects', lost)))
  expect((await admin(['fsck', ...data, ...secret])).code).toBe(1)
  expect(await run('import', at('office.tar'), ...data, ...secret)).toMatchObject({ desktop: 'office', added: 1, objects: exported.objects })
  expect(await run('fsck', ...data, ...secret)).toMatchObject({ clean: true })
  const parts = ['export', ...data, ...secret, '--desktop', 'office', '--out', at('office.parts'), '--json', '--part-size']
  expect((await admin([...parts, '10KB'])).code).toBe(2)
  expect((await admin([...parts, '1.5MB'])).code).toBe(0)
  const sizes = await Promise.all((await readdir(at('office.parts'))).sort().map(async (name) => (await stat(at(join('office.parts', name)))).size))
  expect(sizes.slice(0, -1).every((size) => size === 1_500_000)).toBe(true)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe((await stat(at('office.tar'))).size)
  const over = await admin(['export', ...data, ...secret, '--desktop', 'office', '--out', at('office.tar'), '--json'])
  expect([over.code, JSON.parse(over.stdout).error.code]).toEqual([1, 'exists'])
  await run('desktop', 'assign', ...data, '--desktop', 'office', '--group', 'staff')
  await run('activation', 'password', ...data, '--desktop', 'office', '--password-file', at('passphrase'))
  expect((await run('activation', 'key', ...data, '--desktop', 'office')).key).toMatch(/^(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}$/)
  const { code } = await run('device', 'code', ...data, '--group', 'staff', '--expires', '15m')
  expect(readEnrolmentCode(code, Date.now() / 1000)).toMatchObject({ address: ready.device, pin: ready.pin })
  expect(await run('device', 'list', ...data)).toEqual({ devices: [] })

  expect(await stopServer(child)).toBe(0)
  const again = await startServer(place)
  expect(again.ready).toMatchObject({ device: ready.device, pin: ready.pin })
  const { entries } = await run('audit', ...data)
  expect(entries.map(({ action }: { action: string }) => action)).toEqual([
    ...['organisation.created', 'packages.staged', 'policies.staged', 'policies.approved', 'policies.published', 'packages.approved'],
    ...['packages.published', 'releases.staged', 'releases.approved', 'releases.published', 'desktop.assigned', 'activation-password.set'],
    ...['activation-key.made', 'enrolment-code.made'],
  ])
  expect(await stopServer(again.child)).toBe(0)
})

it('survives being killed while it serves, and refuses a second server meanwhile', async () => {
  const place = await makeWorkplace()
  await init(place)
  const { child, ready } = await startServer(place)
  const second = spawn(process.execPath, [server, '--data', place.at('org'), '--passphrase-file', place.at('passphrase')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  second.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  expect([(await once(second, 'close'))[0], said]).toEqual([1, expect.stringContaining(`process \`${child.pid}\``)])
  const killed = once(child, 'exit')
  child.kill('SIGKILL')
  await killed
  const again = await startServer(place)
  expect(again.ready.device).toBe(ready.device)
  expect(await run('device', 'list', '--data', place.at('org'))).toEqual({ devices: [] })
  expect(await stopServer(again.child)).toBe(0)
})

it('names what is wrong: no console, an unknown setting, a wrong passphrase, a folder in use, wrong usage', async () => {
  const place = await makeWorkplace()
  const { at } = place
  await init(place)
  const data = ['--data', at('org')]
  const refusal = async (...args: readonly string[]) => {
    const { code, stdout } = await admin([...args, '--json'])
    return { exit: code, ...JSON.parse(stdout).error }
  }
  expect(await refusal('device', 'list', ...data)).toMatchObject({ exit: 3, code: 'console-unreachable' })
  const again = await init(place)
  expect([again.code, JSON.parse(again.stdout).error.code]).toEqual([1, 'data-exists'])
  await startServer(place)
  await writeFile(at('policy.yaml'), policyYaml('colour'))
  expect(await refusal('policy', 'stage', ...data, '--file', at('policy.yaml'))).toMatchObject({ exit: 1, code: 'policy-invalid' })
  const tests = (mode: string) => `tests: [{name: nobody is asked, expect: {authentication: {mode: ${mode}}}}]\n`
  const never = 'password, minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5'
  await writeFile(at('policy.yaml'), `${policyYaml('authentication')}${tests(never)}`)
  for (const how of [['check'], ['stage', ...data]]) {
    expect(await refusal('policy', ...how, '--file', at('policy.yaml'))).toMatchObject({ exit: 1, code: 'policy-test-failed' })
  }
  await writeFile(at('policy.yaml'), `${policyYaml('authentication')}${tests('none')}`)
  expect(await run('policy', 'check', '--file', at('policy.yaml'))).toMatchObject({ name: 'base', rules: 1, tests: 1 })
  await run('policy', 'stage', ...data, '--file', at('policy.yaml'))
  await writeFile(at('other'), 'not the passphrase\n')
  const approve = ['approve', ...data, '--role', 'policies', '--key', at('org', 'keys', 'approver.key')]
  expect(await refusal(...approve, '--passphrase-file', at('other'))).toMatchObject({ exit: 1, code: 'sealed-key-passphrase' })
  expect(await refusal('approve', ...data, '--role', 'releases', '--key', at('org', 'keys', 'approver.key'))).toMatchObject({
    exit: 1,
    code: 'pending-missing',
  })
  expect(await refusal('device', 'revoke', 'd-nobody', ...data, '--why', 'x')).toMatchObject({ exit: 1, code: 'not-found' })
  expect(await refusal('desktop', 'assign', ...data, '--desktop', 'office')).toMatchObject({ exit: 2, code: 'usage' })
  expect(await refusal('device', 'code', ...data, '--expires', 'soon')).toMatchObject({ exit: 2, code: 'usage' })
  await run(...approve, '--passphrase-file', at('passphrase'))
})

it('leaves nothing behind when an organisation cannot be made, and no secret in clear when it can', async () => {
  const place = await makeWorkplace()
  await writeFile(place.at('short'), 'short\n')
  const refused = await admin([
    'init',
    '--data',
    place.at('org'),
    '--organisation',
    'acme',
    '--title',
    'Acme',
    '--passphrase-file',
    place.at('short'),
    '--json',
  ])
  expect([refused.code, JSON.parse(refused.stdout).error.code]).toEqual([1, 'passphrase'])
  await rm(place.at('short'))
  expect(await readdir(place.folder)).not.toContain('org')
  await init(place)
  expect((await readdir(place.folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  expect(await readFile(place.at('org', 'tls', 'key.pem'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY')
})
