// SPDX-License-Identifier: Apache-2.0
//
// The demo machine really boots: built from Debian packages (the first time it fetches them), started under plain
// emulation, and used through its screen, keyboard and mouse.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareDisk } from '../../../tools/demo-guest/write-nonce.ts'
import { type BareQemu, startQemu } from '../start-qemu.ts'

const CACHE = join(import.meta.dirname, '../../../.cache/demo-guest')
const BOOT_LIMIT = 120_000
const PROMPT = 'user@casemate-demo:~$ '

describe('the demo machine', () => {
  const nonce = randomBytes(32).toString('hex')
  let folder = ''
  let disks: Awaited<ReturnType<typeof prepareDisk>>

  const boot = (...args: string[]): Promise<BareQemu> => {
    const drives = [disks.system, disks.user].flatMap((file) => ['-drive', `file=${file},if=ide,format=raw`])
    return startQemu([...drives, ...args])
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-guest-'))
    disks = await prepareDisk({ cache: CACHE, out: join(folder, 'disks'), nonce, release: 31 })
  }, 300_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('shows its desktop, proves which disk it runs from, follows the pointer, keeps files, powers off by command and by button', {
    timeout: 6 * BOOT_LIMIT,
  }, async () => {
    const serial = join(folder, 'serial')
    {
      await using qemu = await boot('-serial', `file:${serial}`)
      const { screen } = qemu
      const desktop = await screen.waitForText(PROMPT, BOOT_LIMIT)
      expect(desktop).toContain('Casemate demo desktop')
      expect(desktop).toContain('release 31 ')
      expect(desktop).toMatch(/Network\s+none/)

      const challenge = `it's "me" | ${randomBytes(4).toString('hex')}`
      await screen.typeText('proof\n')
      await screen.waitForText('challenge: ', 60_000)
      await screen.typeText(`${challenge}\n`)
      const proof = `proof ${createHash('sha256').update(`${nonce}|${challenge}`).digest('hex')}`
      await screen.waitForText(proof, 60_000)
      await expect.poll(() => readFile(serial, 'latin1'), { timeout: 60_000 }).toContain(proof)

      await screen.typeText('clear; pointer\n')
      await screen.waitForText('move the mouse', 60_000)
      screen.pointer(100, 100)
      screen.pointer(130, 90)
      await screen.waitForText(/pointer at 30,-10 buttons 0/, 60_000)
      screen.pointer(130, 90, 1)
      await screen.waitForText(/pointer at 30,-10 buttons 1/, 60_000)
      await screen.pressKey({ character: 'c' }, ['Control'])

      await screen.typeText('clear; echo carried over > note; poweroff\n')
      expect(await qemu.ended).toBe(0)
    }
    await using again = await boot('-nic', 'user,model=e1000,restrict=on')
    await again.screen.waitForText(PROMPT, BOOT_LIMIT)
    await again.screen.typeText('clear; cat note; until address | grep 10.0; do sleep 1; done\n')
    expect(await again.screen.waitForText('address 10.0.2.15', 120_000)).toContain('carried over')
    again.pressPowerButton()
    expect(await again.ended).toBe(0)
  })

  it('refuses to overwrite a folder that exists', async () => {
    await expect(prepareDisk({ cache: CACHE, out: disks.folder, nonce, release: 1 })).rejects.toMatchObject({ code: 'output-exists' })
  })

  it('leaves nothing behind when the nonce is not one', async () => {
    const out = join(folder, 'second')
    await expect(prepareDisk({ cache: CACHE, out, nonce: 'short', release: 1 })).rejects.toMatchObject({ code: 'value-invalid' })
    expect((await readdir(folder)).filter((name) => name.startsWith('second'))).toEqual([])
  })
})
