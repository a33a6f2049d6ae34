// SPDX-License-Identifier: Apache-2.0
//
// A console as it is installed: an organisation of its own, server.ts with the built pages, one administrator.
import { randomBytes } from 'node:crypto'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { ADMIN } from '../session-host/make-release.ts'
import { CasemateProcess } from '../story/casemate-process.ts'
import { runJson } from '../story/run-command.ts'

const builtPages = join(import.meta.dirname, '../../apps/console/.next/BUILD_ID')
const serverReady = z.looseObject({ web: z.string() })

export class ConsoleServer {
  readonly folder: string
  /** Of the web door. */
  readonly origin: string
  readonly login = 'ada'
  readonly password: string
  readonly passphrase: string
  readonly #process: CasemateProcess

  private constructor(process: CasemateProcess, place: Pick<ConsoleServer, 'folder' | 'origin' | 'password' | 'passphrase'>) {
    this.#process = process
    this.folder = place.folder
    this.origin = place.origin
    this.password = place.password
    this.passphrase = place.passphrase
  }

  /** @throws Error where the pages are not built. */
  static async start(): Promise<ConsoleServer> {
    await access(builtPages).catch((cause: unknown) => {
      throw new Error('the pages of the console are not built: run `npx turbo run build` first', { cause })
    })
    const folder = await mkdtemp(join(tmpdir(), 'cm-web-'))
    const at = (name: string) => join(folder, name)
    const [passphrase, password] = [randomBytes(18).toString('base64url'), randomBytes(18).toString('base64url')]
    await writeFile(at('passphrase'), passphrase, { mode: 0o600 })
    await writeFile(at('password'), password, { mode: 0o600 })
    const place = ['--data', at('org')]
    const secret = ['--passphrase-file', at('passphrase')]
    await runJson(ADMIN, ['init', '--organisation', 'acme', '--title', 'Acme Ltd', '--contact', 'Ada, room 3', ...place, ...secret])
    const { process, ready } = await CasemateProcess.start('apps/console/server.ts', [...place, ...secret, '--web-port', '0'])
    try {
      const { web } = serverReady.parse(ready)
      const user = ['--login', 'ada', '--name', 'Ada Lovelace', '--role', 'administrator', '--password-file', at('password')]
      await runJson(ADMIN, ['user', 'add', ...user, ...place])
      return new ConsoleServer(process, { folder, origin: web, password, passphrase })
    } catch (error) {
      await process.end('SIGKILL')
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#process.end()
    await rm(this.folder, { recursive: true, force: true })
  }
}
