// SPDX-License-Identifier: Apache-2.0

/** The part of noVNC's API that the page uses (docs/API.md of the package); the viewer door serves it under /novnc. */
export default class RFB extends EventTarget {
  constructor(target: HTMLElement, url: string, options: { wsProtocols: readonly string[]; shared: boolean })
  scaleViewport: boolean
  background: string
  disconnect(): void
  focus(): void
}
