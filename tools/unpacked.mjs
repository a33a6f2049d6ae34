// SPDX-License-Identifier: Apache-2.0
//
// How far `npm ci` is, by what lies in node_modules; npm itself says nothing. No dependencies, Node 20 understands it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param {string} root of the checkout
 * @returns {() => string} `120 of 380 packages unpacked`, then that the native module is compiled
 */
export function watchUnpacking(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const wanted = Object.keys(packages).filter((path) => path.includes('node_modules/') && !packages[path].link && isForHere(packages[path]))
  const missing = new Set(wanted)
  return () => {
    for (const path of missing) if (existsSync(join(root, path, 'package.json'))) missing.delete(path)
    const unpacked = `${wanted.length - missing.size} of ${wanted.length} packages unpacked`
    return missing.size > 0 ? unpacked : `${unpacked}, compiling and linking`
  }
}

/** An optional package is counted where it names the computers it is for: others belong to those that npm leaves out here. */
function isForHere({ optional, os, cpu, libc }) {
  const here = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  const fits = (list, mine) => list === undefined || list.includes(mine)
  if (optional && os === undefined && cpu === undefined) return false
  return fits(os, process.platform) && fits(cpu, process.arch) && (process.platform !== 'linux' || fits(libc, here))
}
