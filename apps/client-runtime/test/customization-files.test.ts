// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CustomizationFile } from '@casemate/vm-package/customization'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { customizationFiles } from '../session-host/customization/files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'customization-'))
})
afterEach(() => rm(folder, { recursive: true }))

const key = new Uint8Array(32).fill(3)
const text = '%logon_user%@%host_name% %random_alpha(5)% %random_digit(3)% %random_alpha(5)% %secret(join)%'

/** `drawn` is what the random source gives, again and again. */
function start(
  change: { text?: string; package?: string; secrets?: Record<string, string>; drawn?: number; key?: Uint8Array; logonUser?: string } = {},
) {
  const asked = { times: 0 }
  const files = customizationFiles({
    path: join(folder, 'customization.sealed'),
    key: change.key ?? key,
    packageSha256: change.package ?? 'a'.repeat(64),
    template: async () => {
      asked.times += 1
      return { format: 'casemate-customization-1', files: [{ name: 'unattend.xml', text: change.text ?? text }] }
    },
    secrets: change.secrets ?? { join: 'open sesame' },
    host: { logonUser: change.logonUser ?? 'ada', hostName: 'desk.example.com' },
    random: (limit) => (change.drawn ?? 1) % limit,
  })
  return { files, asked }
}
const textOf = ([file]: readonly CustomizationFile[]) => file?.text

it('fills every placeholder, equal ones with equal values', async () => {
  expect(textOf(await start().files)).toBe('ada@desk BBBBB 111 BBBBB open sesame')
})

it('stays as it was at every later start, without package, lease or host being asked', async () => {
  const first = await start().files
  const { files, asked } = start({ text: 'another', secrets: {}, drawn: 7, logonUser: 'eve' })
  expect([await files, asked.times]).toEqual([first, 0])
})

it('keeps what was drawn under another package, and draws what is new', async () => {
  await start().files
  const next = start({
    package: 'b'.repeat(64),
    text: '%random_digit(3)% %random_digit(4)% %logon_user% %secret(join)%',
    drawn: 7,
    logonUser: 'eve',
    secrets: { join: 'two' },
  })
  expect([textOf(await next.files), next.asked.times]).toEqual(['111 7777 ada two', 1])
})

it('is refused without a secret that the files ask for, keeps nothing then, and is filled once it has come', async () => {
  await expect(start({ secrets: { other: 'x' } }).files).rejects.toMatchObject({ code: 'customization-secret-missing' })
  await expect(start({ secrets: {}, text: '%secret(constructor)%' }).files).rejects.toMatchObject({ code: 'customization-secret-missing' })
  await expect(readFile(join(folder, 'customization.sealed'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(textOf(await start().files)).toContain('open sesame')
})

it('is at rest under the key of the instance only: nothing of it in clear, and any change is refused', async () => {
  await start().files
  const path = join(folder, 'customization.sealed')
  const sealed = await readFile(path)
  for (const clear of ['open sesame', 'BBBBB', 'unattend']) expect(sealed.includes(clear)).toBe(false)
  await expect(start({ key: new Uint8Array(32).fill(4) }).files).rejects.toMatchObject({ code: 'customization-altered' })
  for (const at of [0, 12, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    await writeFile(path, changed)
    await expect(start().files, `byte ${at}`).rejects.toMatchObject({ code: 'customization-altered' })
  }
  await writeFile(path, sealed.subarray(0, 9))
  await expect(start().files).rejects.toMatchObject({ code: 'customization-altered' })
  await writeFile(path, sealed)
  expect(textOf(await start().files)).toContain('ada@desk')
})

it('takes no sign from a host that could end a value in YAML or XML', async () => {
  expect(textOf(await start({ logonUser: 'ada"><x: \n&lt;\\' }).files)).toMatch(/^ada-[-a-z]+@desk /)
  expect(textOf(await start({ package: 'c'.repeat(64), logonUser: '' }).files)).toMatch(/^ada-/)
})
