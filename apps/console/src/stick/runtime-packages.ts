// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'

/** `packages` of package-lock.json, version 3 (docs.npmjs.com, package-lock.json): by folder, from the root of the checkout. */
const lock = z.looseObject({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.looseObject({
      link: z.boolean().optional(),
      resolved: z.string().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

export interface RuntimePackages {
  /** Folders of workspaces: sources of ours. */
  readonly workspaces: readonly string[]
  /** Folders under `node_modules`. */
  readonly modules: readonly string[]
}

/**
 * What a workspace needs to run, itself among it: its dependencies and theirs, each where Node looks for it (nodejs.org, modules, `node_modules`).
 * Those for development are not among them.
 * @param text of package-lock.json. @throws z.ZodError; Error that names a dependency which the lock file does not place.
 */
export function runtimePackages(text: string, workspace: string): RuntimePackages {
  const { packages } = lock.parse(JSON.parse(text))
  const [workspaces, modules] = [new Set<string>(), new Set<string>()]
  const waiting = [workspace]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const taken = folder.includes('node_modules/') ? modules : workspaces
    if (taken.has(folder)) continue
    taken.add(folder)
    const { dependencies = {}, optionalDependencies = {} } = packages[folder] ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placesFor(folder, name).find((candidate) => candidate in packages)
      const found = place === undefined ? undefined : packages[place]
      if (place === undefined || found === undefined) {
        if (name in optionalDependencies) continue
        throw new Error(`the lock file has no place for \`${name}\`, which \`${folder}\` needs`)
      }
      waiting.push(found.link === true ? (found.resolved ?? place) : place)
    }
  }
  return { workspaces: [...workspaces].sort(), modules: [...modules].sort() }
}

/** Nearest first. */
function placesFor(folder: string, name: string): readonly string[] {
  const parts = folder.split('/')
  return [...parts.keys(), parts.length].reverse().map((length) => [...parts.slice(0, length), 'node_modules', name].join('/'))
}
