// SPDX-License-Identifier: Apache-2.0
//
// A TPM 2.0 through Debian's `tpm2-tools`: one program a command. What goes in and comes out are files in a private folder of the call, which
// is gone when the call is; an argument never carries a secret. One call at a time: without a resource manager a TPM holds three objects.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RuntimeError } from '../error.ts'

const kernelManager = 'device:/dev/tpmrm0'
const patienceMs = 60_000
/** Of `tpm2-tools` 5.4, by observation: the others end the sessions that they begin. */
const leavesSession: ReadonlySet<string> = new Set(['ecdhzgen'])

/** One call's commands, in its folder. */
export interface TpmCall {
  /** @param args names of files in the call's folder, or of {@link TpmTools.kept} @throws RuntimeError `tpm-missing`, `tpm-failed` */
  run(command: string, ...args: readonly string[]): Promise<void>
  write(name: string, bytes: Uint8Array): Promise<void>
  read(name: string): Promise<Uint8Array>
}

export class TpmTools {
  readonly #folder: string
  readonly #tcti: string
  #calls: Promise<unknown> = Promise.resolve()

  private constructor(folder: string, tcti: string) {
    this.#folder = folder
    this.#tcti = tcti
  }

  /**
   * @param folder ours alone; what an earlier run left there is removed.
   * @param tcti which TPM, as `tpm2-tools` name it (tpm2-tools, common/tcti); default: as everywhere, `TPM2TOOLS_TCTI`, else the kernel's.
   */
  static async open(folder: string, tcti = process.env.TPM2TOOLS_TCTI ?? kernelManager): Promise<TpmTools> {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return new TpmTools(folder, tcti)
  }

  /** A file that outlives its call: contexts, which the TPM encrypted. */
  kept(name: string): string {
    return join(this.#folder, name)
  }

  exclusive<T>(act: (call: TpmCall) => Promise<T>): Promise<T> {
    const done = this.#calls.then(() => this.#inFolder(act))
    this.#calls = done.catch(() => undefined)
    return done
  }

  async #inFolder<T>(act: (call: TpmCall) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(this.#folder, 'call-'))
    try {
      return await act({
        run: (command, ...args) => this.#run(folder, command, args),
        write: (name, bytes) => writeFile(join(folder, name), bytes, { mode: 0o600 }),
        read: async (name) => new Uint8Array(await readFile(join(folder, name))),
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #run(folder: string, command: string, args: readonly string[]): Promise<void> {
    // The kernel's resource manager drops a program's objects and sessions when it ends; a bare TPM keeps them.
    const flush = (what: '-t' | '-l') => this.#spawn(folder, ['flushcontext', '-Q', what])
    try {
      await this.#spawn(folder, [command, '-Q', ...args])
    } catch (error) {
      if (!this.#managed) await Promise.allSettled([flush('-t').finally(() => flush('-l'))])
      throw error
    }
    if (this.#managed) return
    await flush('-t')
    if (leavesSession.has(command)) await flush('-l')
  }

  get #managed(): boolean {
    return this.#tcti.startsWith('device:/dev/tpmrm') || this.#tcti.startsWith('tabrmd')
  }

  #spawn(cwd: string, args: readonly string[]): Promise<void> {
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', TPM2TOOLS_TCTI: this.#tcti, LC_ALL: 'C' }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    execFile('tpm2', args, { cwd, env, timeout: patienceMs, maxBuffer: 65_536, encoding: 'utf8' }, (error, _output, complaint) => {
      if (error === null) return resolve()
      if (error.code === 'ENOENT') return reject(new RuntimeError('tpm-missing', 'the program `tpm2` of `tpm2-tools` is not installed'))
      const why = complaint.trim().split('\n').slice(0, 3).join('; ').slice(0, 300)
      const missing = /TCTI|tcti/.test(complaint)
      reject(new RuntimeError(missing ? 'tpm-missing' : 'tpm-failed', `\`tpm2 ${args[0]}\` at \`${this.#tcti}\`: ${why}`))
    })
    return promise
  }
}
