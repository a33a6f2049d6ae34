// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const DEBIAN = join(import.meta.dirname, '../../tools/debian.mjs')
/** Loaded first: who may not install packages may not read this checkout either. */
const ensure = `
const { ensureDebianPackages } = await import(process.argv[1])
if (process.getuid() === 0) process.setuid(65534)
await ensureDebianPackages(process.argv.slice(2))`

const asUser = (...packages: readonly string[]) =>
  promisify(execFile)(process.execPath, ['--input-type=module', '--eval', ensure, DEBIAN, ...packages])

it('names the exact command to whoever may not install what is missing, and says nothing where all is there', async () => {
  await expect(asUser('make', 'no-such-tool')).rejects.toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^ {2}sudo apt-get install -y .*DPkg::Lock::Timeout=300 no-such-tool$/m),
  })
  await expect(asUser('make')).resolves.toEqual({ stdout: '', stderr: '' })
})
