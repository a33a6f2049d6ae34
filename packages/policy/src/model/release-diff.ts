// SPDX-License-Identifier: Apache-2.0
//
// What a release changes against the one before it, in words. What its policies say is reviewed with the policies themselves; here stand
// which of them apply to whom. The serial always rises and is no change.
import { packageOf, type Release } from './release.ts'
import { type TextChange, textChanges } from './text-changes.ts'

export interface ReleaseDiff {
  /** `title`, `minRuntime`, `package`, `update`. */
  readonly fields: readonly TextChange[]
  /** Named by layer, selector and policy. */
  readonly layers: readonly TextChange[]
}

export function diffReleases(before: Release, after: Release): ReleaseDiff {
  return { fields: textChanges(fieldsOf(before), fieldsOf(after)), layers: textChanges(layersOf(before), layersOf(after)) }
}

function fieldsOf(release: Release): ReadonlyMap<string, string> {
  const { title, minRuntime, update } = release
  const { name, version, sha256 } = packageOf(release)
  const force = update === undefined || update.forceAt === null ? 'suggested' : `forced from ${new Date(update.forceAt * 1000).toISOString()} on`
  return new Map([
    ['title', title],
    ['minRuntime', minRuntime],
    ['package', `${name} ${version}, SHA-256 ${sha256}`],
    ['update', `${force}, ${update?.keep ?? 0} former releases kept`],
  ])
}

function layersOf({ layers }: Release): ReadonlyMap<string, string> {
  const entries = layers.map(({ layer, selector, path, sha256 }) => {
    const [, policy = '', file = ''] = path.split('/')
    const whom = selector === null ? '' : 'tag' in selector ? ` with tag \`${selector.tag}\`` : ` \`${Object.values(selector).join('')}\``
    return { name: `${layer}${whom}: ${policy}`, words: `${file.slice(0, -'.json'.length)}, SHA-256 ${sha256}` }
  })
  const byName = Map.groupBy(entries, ({ name }) => name)
  return new Map([...byName].map(([name, of]) => [name, [...new Set(of.map(({ words }) => words))].sort().join('; and ')]))
}
