// SPDX-License-Identifier: Apache-2.0
import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  // The workspaces are read as they stand, in TypeScript.
  transpilePackages: ['@casemate/policy', '@casemate/vm-package'],
  // `turbo run typecheck` checks the types of everything, this build's files among them.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: new URL('../..', import.meta.url).pathname },
}

export default config
