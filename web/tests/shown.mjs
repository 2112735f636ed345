/** A page of one file as a browser shows it:  node tests/shown.mjs FILE [WIDTH]  prints its title, its content and what went wrong. */
import { pathToFileURL } from 'node:url'
import { open, visit } from './browser.mjs'

const [file, width = 1280] = process.argv.slice(2)
const browser = await open()
const { page, problems } = await visit(browser, pathToFileURL(file).href, { viewport: { width: Number(width), height: 900 } })
console.log(JSON.stringify({ title: await page.title(), content: await page.content(), problems }))
await browser.close()
