// SPDX-License-Identifier: Apache-2.0
//
// A vendor of runtimes in the tests' hands: a repository that signs what it is told, and the file that packaging would give.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VendorUpdate } from '../../daemon/vendor-update/vendor-update.ts'
import {
  digest,
  type Fields,
  fileMeta,
  freshFolder,
  HostileRepository,
  type HostileServer,
  type Json,
  serve,
  targetAddress,
} from './hostile-repository.ts'

export const platform = 'linux-x64'

export class Vendor {
  readonly repository = new HostileRepository()
  readonly server: HostileServer
  readonly #targets = new Map<string, Uint8Array>()

  private constructor(server: (repository: HostileRepository) => HostileServer, repository: HostileRepository) {
    this.repository = repository
    this.server = server(repository)
    repository.targets.alter = (signed) => ({ ...signed, targets: this.#table() })
  }

  static async fresh(): Promise<Vendor> {
    const repository = new HostileRepository()
    const server = await serve(repository)
    return new Vendor(() => server, repository)
  }

  /** Approves a version; `change` makes its document say something else. */
  release(version: string, change: Fields = {}, to = platform): string {
    const file = Buffer.from(`the runtime ${version}`)
    const name = `casemate-${version}.tar.zst`
    const about: Json = { format: 'casemate-runtime-1', version, platform: to, file: { name, sha256: digest(file), length: file.length }, ...change }
    this.#targets.set(`runtime/${version}/${to}.json`, Buffer.from(JSON.stringify(about)))
    this.#targets.set(`runtime/${version}/${name}`, file)
    this.publish()
    return file.toString()
  }

  withdraw(version: string): void {
    for (const path of this.#targets.keys()) if (path.startsWith(`runtime/${version}/`)) this.#targets.delete(path)
    this.publish()
  }

  publish(): void {
    for (const [path, bytes] of this.#targets) this.repository.files.set(targetAddress(path, bytes), bytes)
    this.repository.advance('targets')
  }

  /** What packaging gives, with another root or other addresses where they are given. */
  async file(root: Uint8Array = this.repository.rootBytes, origin = this.server.origin): Promise<string> {
    const path = join(await freshFolder(), 'vendor.json')
    const addresses = { metadataUrl: `${origin}/metadata`, targetsUrl: `${origin}/targets` }
    await writeFile(path, JSON.stringify({ format: 'casemate-vendor-1', ...addresses, root: Buffer.from(root).toString('base64') }))
    return path
  }

  #table(): Fields {
    return Object.fromEntries([...this.#targets].map(([path, bytes]) => [path, fileMeta(bytes)]))
  }
}

/** A runtime of version 0.1.0 that was installed with `vendorFile`. `ahead`: seconds of verified time before the system clock. */
export async function installed(vendorFile: string, folder?: string) {
  const data = folder ?? (await freshFolder())
  const clock = {
    ahead: 0,
    get now() {
      return Date.now() / 1000 + this.ahead
    },
  }
  const organisation = { metadata: join(data, 'update', 'metadata'), copy: join(data, 'update', 'copy') }
  const place = { metadata: join(data, 'vendor', 'metadata'), copy: join(data, 'vendor', 'copy') }
  return { data, clock, organisation, place, update: new VendorUpdate({ place, organisation, vendorFile, version: '0.1.0', platform, clock }) }
}
