// SPDX-License-Identifier: Apache-2.0
//
// A TPM 2.0 in software, for tests: `swtpm` on unix sockets. It is a bare TPM without a resource manager, which is the stricter case.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished, vi } from 'vitest'

const run = promisify(execFile)

/** Called at the end of the test, or of the file where one TPM serves all of its tests. */
type AtEnd = (clean: () => Promise<void>) => void

export class SoftwareTpm {
  readonly #folder: string
  #process: ChildProcess | null = null

  private constructor(folder: string) {
    this.#folder = folder
  }

  get tcti(): string {
    return `swtpm:path=${join(this.#folder, 'tpm.sock')}`
  }

  /** @param authority that certifies its endorsement key; without it, it has no certificate. */
  static async start(authority?: TpmAuthority, atEnd: AtEnd = onTestFinished): Promise<SoftwareTpm> {
    const folder = await mkdtemp(join(tmpdir(), 'casemate-tpm-'))
    const tpm = new SoftwareTpm(folder)
    atEnd(async () => {
      await tpm.stop()
      await rm(folder, { recursive: true, force: true })
    })
    await mkdir(join(folder, 'state'))
    if (authority !== undefined) await authority.manufacture(join(folder, 'state'))
    await tpm.powerOn()
    return tpm
  }

  async powerOn(): Promise<void> {
    const socket = join(this.#folder, 'tpm.sock')
    const args = ['socket', '--tpm2', '--tpmstate', `dir=${join(this.#folder, 'state')}`, '--flags', 'startup-clear']
    const child = spawn('swtpm', [...args, '--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${socket}.ctrl`], {
      stdio: 'ignore',
    })
    this.#process = child
    await vi.waitFor(() => run('tpm2', ['getcap', '-Q', 'handles-transient'], { env: { ...process.env, TPM2TOOLS_TCTI: this.tcti } }), 10_000)
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

/** Who makes TPMs: an intermediate authority that signs EK certificates, and the root above it (`swtpm_localca`). */
export class TpmAuthority {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(atEnd: AtEnd = onTestFinished): Promise<TpmAuthority> {
    const folder = await mkdtemp(join(tmpdir(), 'casemate-tpm-ca-'))
    atEnd(() => rm(folder, { recursive: true, force: true }))
    const file = (name: string) => join(folder, name)
    const authority = ['statedir = ', 'signingkey = ', 'issuercert = ', 'certserial = ']
    const places = [folder, file('signkey.pem'), file('issuercert.pem'), file('certserial')]
    await writeFile(file('localca.conf'), authority.map((name, index) => `${name}${places[index]}\n`).join(''))
    await writeFile(file('localca.options'), '')
    const setup = ['create_certs_tool = /usr/bin/swtpm_localca', `create_certs_tool_config = ${file('localca.conf')}`]
    await writeFile(
      file('setup.conf'),
      [...setup, `create_certs_tool_options = ${file('localca.options')}`, 'active_pcr_banks = sha256', ''].join('\n'),
    )
    return new TpmAuthority(folder)
  }

  async manufacture(state: string): Promise<void> {
    await run('swtpm_setup', ['--tpm2', '--tpmstate', state, '--create-ek-cert', '--lock-nvram', '--config', join(this.#folder, 'setup.conf')])
  }

  /** PEM of the root, then of the intermediate authority; once a TPM was made. */
  async certificates(): Promise<readonly [root: string, issuer: string]> {
    const read = (name: string) => readFile(join(this.#folder, name), 'utf8')
    return [await read('swtpm-localca-rootca-cert.pem'), await read('issuercert.pem')]
  }
}
