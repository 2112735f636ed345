/** After a build: mark the page with the build's version, and write the service worker, which knows every file of it. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Plugin, transformWithOxc } from 'vite'

const NOT_KEPT = ['README.txt', 'live.json', 'sw.js']
const PRINTED = 'handouts/' // written after the pages, and as large as they are

export function offline(): Plugin {
  let folder = ''
  const digest = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
  return {
    name: 'offline',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    async closeBundle() {
      const files: Record<string, string> = {}
      const names = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
        .filter((name) => !NOT_KEPT.includes(name) && !name.startsWith(PRINTED))
      for (const name of names.sort()) files[name] = digest(readFileSync(join(folder, name)))
      const packed = Object.keys(files).reduce((total, name) => total + gzipSync(readFileSync(join(folder, name)), { level: 1 }).length, 0)
      const version = digest(JSON.stringify(files)).slice(0, 16)
      const page = readFileSync(join(folder, 'index.html'), 'utf8').replace(/<meta name="(?:build|megabytes)".*\s*/g, '').replace('<title>', `<meta name="build" content="${version}" />\n    <meta name="megabytes" content="${Math.round(packed / 1e6)}" />\n    <title>`)
      writeFileSync(join(folder, 'index.html'), page)
      files['index.html'] = digest(page)
      const first = ['index.html', ...[...page.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name]) => name)]
      const source = readFileSync(new URL('./service.ts', import.meta.url), 'utf8')
      const { code } = await transformWithOxc(source, 'service.ts')
      const build = JSON.stringify({ version, first, files })
      writeFileSync(join(folder, 'sw.js'), code.replace('__BUILD__', () => build).replace('export {};', ''))
    },
  }
}
