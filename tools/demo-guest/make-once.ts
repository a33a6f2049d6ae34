// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { runTool } from './run-tool.ts'

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Makes `folder` by `fill` in a folder beside it, unless it is there. */
export async function makeOnce(folder: string, fill: (work: string) => Promise<void>): Promise<void> {
  if (await exists(folder)) return
  const work = await mkdtemp(`${folder}.part-`)
  try {
    await fill(work)
    await chmod(work, 0o755)
    await runTool({ program: 'sync', args: ['--file-system', work] })
    await rename(work, folder)
  } catch (cause) {
    await rm(work, { recursive: true, force: true })
    // Another run of the same build may have been faster; its result is as good.
    if (!(await exists(folder))) throw cause
  }
}
