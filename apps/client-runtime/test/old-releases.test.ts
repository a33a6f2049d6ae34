// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type InstanceLayout, layoutOf } from '../layout.ts'
import { type EndedSession, runningTime, settleRelease } from '../session-host/old-releases.ts'

let folder: string
let instance: InstanceLayout
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'releases-'))
  instance = layoutOf(folder).instance('i1')
  await mkdir(instance.disks, { recursive: true })
  await writeFile(instance.userDisk('home', 'qemu'), 'mine')
})
afterEach(() => rm(folder, { recursive: true }))

const sha256 = (character: string) => character.repeat(64)
const diskOf = (release: string) => instance.systemDisk('system', sha256(release), 'qemu')

/** A session under `release`, whose system disk is made where it is not there yet. */
async function session(release: string, change: Partial<EndedSession> = {}): Promise<void> {
  await writeFile(diskOf(release), release, { flag: 'a' })
  await settleRelease(instance, { packageSha256: sha256(release), end: 'guest-off', ranSeconds: 60, keep: 0, ...change })
}

/** The releases whose system disks are there, and nothing but them and the user's disk. */
async function keptReleases(): Promise<string> {
  const names = (await readdir(instance.disks)).filter((name) => name !== basename(instance.userDisk('home', 'qemu')))
  const releases = names.map((name) => /^system-system-(.)\1{63}\.qcow2$/.exec(name)?.[1] ?? name).sort()
  expect(await readFile(instance.userDisk('home', 'qemu'), 'utf8')).toBe('mine')
  return releases.join('')
}

describe('the system disk of a former release', () => {
  it('stays until the guest of the new one has switched itself off', async () => {
    await session('a')
    await session('b', { end: 'suspended' })
    expect(await keptReleases()).toBe('ab')
    await session('b')
    expect(await keptReleases()).toBe('b')
  })

  it('stays until the new one has run for five minutes in sessions that ended in good order', async () => {
    await session('a')
    await session('b', { end: 'suspended', ranSeconds: 200 })
    await session('b', { end: 'suspended', ranSeconds: 99.9 })
    expect(await keptReleases()).toBe('ab')
    await session('b', { end: 'suspended', ranSeconds: 1 })
    expect(await keptReleases()).toBe('b')
  })

  it('stays as long as the release says: the last ones that had booted', async () => {
    for (const release of ['a', 'b']) await session(release, { keep: 2 })
    await session('e', { end: 'suspended', keep: 2 })
    for (const release of ['c', 'd']) await session(release, { keep: 2 })
    expect(await keptReleases()).toBe('bcd')
    await session('d', { keep: 0 })
    expect(await keptReleases()).toBe('d')
  })

  it('is found as it was left by a roll-back, and one that has not booted goes when it has', async () => {
    await session('a')
    await session('b', { end: 'suspended' })
    await session('a')
    expect(await readFile(diskOf('a'), 'utf8')).toBe('aa')
    expect(await keptReleases()).toBe('a')
  })

  it('stays where nobody can read any more which ones have booted, until the present one has', async () => {
    await session('a')
    await writeFile(instance.history, '{"format":"casemate-release-history-1"')
    await session('b', { end: 'suspended', keep: 1 })
    expect(await keptReleases()).toBe('ab')
    await session('b', { keep: 1 })
    expect(await keptReleases()).toBe('b')
  })

  it('goes with what a killed maker of it has left', async () => {
    await mkdir(join(instance.disks, `.system-system-${sha256('a')}.qcow2.part`))
    await writeFile(join(instance.disks, `system-system-${sha256('a')}.xts.0123.new`), '')
    await writeFile(join(instance.disks, `.user-home.qcow2.part`), '')
    await session('b')
    expect(await keptReleases()).toBe('.user-home.qcow2.partb')
  })
})

it('kill -9 at any moment takes neither the present disk nor a kept one, and the next good end makes up for it', async () => {
  await session('a', { keep: 1 })
  await session('b', { keep: 1 })
  for (const delay of [0, 3, 7, 12, 20, 33]) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'settle-release.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = once(child, 'exit')
    await once(child.stdout, 'data')
    await pause(delay)
    child.kill('SIGKILL')
    expect(await gone).toEqual([null, 'SIGKILL'])
    const { releases } = JSON.parse(await readFile(instance.history, 'utf8'))
    expect(releases.map((release: { package: string }) => release.package.charAt(0))).toEqual(['a', 'b'])
    expect([await readFile(diskOf('a'), 'utf8'), await readFile(diskOf('b'), 'utf8')]).toEqual(['a', 'b'])
  }
  await settleRelease(instance, { packageSha256: sha256('b'), end: 'guest-off', ranSeconds: 1, keep: 1 })
  expect(await keptReleases()).toBe('ab')
})

it('counts only the time in which the CPUs ran', () => {
  let now = 0
  let tell: (state: 'running' | 'paused' | 'stopped') => void = () => undefined
  const vm: Parameters<typeof runningTime>[0] = {
    on: (_, listener) => {
      tell = listener as typeof tell
    },
  }
  const ran = runningTime(vm, () => now)
  const at = (moment: number, state: Parameters<typeof tell>[0]) => {
    now = moment
    tell(state)
  }
  at(1000, 'running')
  at(4000, 'paused')
  at(9000, 'running')
  now = 11_000
  expect(ran()).toBe(5)
  at(12_000, 'stopped')
  now = 50_000
  expect(ran()).toBe(6)
})
