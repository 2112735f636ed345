/**
 * The languages of the lesson. English is the one that is written; each other is a folder of translations of the same
 * shape, laid over the English words before the page is drawn. What has no translation stays English.
 */
import { chapters } from './chapters'
import { recall, remember } from './remembered'

export const languages = { en: 'English', de: 'Deutsch', es: 'Español', 'zh-Hans': '中文' } as const
export type Language = keyof typeof languages

/** What a translation of `T` says: texts for texts, functions for functions, as many as there are; all else is English. */
export type Said<T> = T extends string
  ? string
  : T extends (...given: infer Given) => string
    ? (...given: Given) => string
    : T extends (...given: never[]) => unknown
      ? T
      : T extends readonly (infer One)[]
        ? readonly Said<One>[]
        : T extends object
          ? { readonly [Key in keyof T]?: Said<T[Key]> }
          : T

const isLanguage = (value: unknown): value is Language => typeof value === 'string' && Object.hasOwn(languages, value)
const asked = new URLSearchParams(location.search).get('lang')
export const language: Language = isLanguage(asked) ? asked : recall<Language>('language', isLanguage, liked())

/** The first of the browser's languages that there is; Chinese is written here in simplified characters. */
function liked(): Language {
  for (const tag of import.meta.env.SSR ? [] : navigator.languages) {
    const found = /^zh(?!-hant|-tw|-hk|-mo)/i.test(tag) ? 'zh-Hans' : tag.toLowerCase().split('-')[0]
    if (isLanguage(found)) return found
  }
  return 'en'
}

/** The address that says all in another language: a new page, so that no English word stays on the old one. */
export function inLanguage(other: Language): string {
  const url = new URL(location.href)
  url.searchParams.set('lang', other)
  return url.href
}

const folders: Partial<Record<Language, () => Promise<{ said: Record<string, object> }>>> = { de: () => import('./german'), es: () => import('./spanish'), 'zh-Hans': () => import('./chinese') }

/** Lay the reader's language over the English words; to be done before anything is drawn. */
export async function speak(): Promise<void> {
  document.documentElement.lang = language
  for (const other of Object.keys(languages) as Language[]) {
    const link = Object.assign(document.createElement('link'), { rel: 'alternate', hreflang: other, href: inLanguage(other) })
    document.head.append(link) // for search engines
  }
  if (isLanguage(asked)) remember('language', asked)
  const folder = folders[language]
  if (!folder) return
  const fetched = await Promise.all([folder(), import('./words')]).catch(() => undefined)
  if (!fetched) return void (document.documentElement.lang = 'en') // better in English than not at all
  const [{ said }, { english }] = fetched
  for (const [file, words] of Object.entries(english)) {
    lay(said[file]!, words)
    const { text } = words as { text?: { id: string } }
    if (text) Object.assign(chapters.find(({ id }) => id === text.id)!, text) // which were copied as the pages loaded
  }
}

/** `over` on `under`, in place: whoever holds the English words holds the translated ones then. */
export function lay(over: object, under: object): void {
  for (const [key, value] of Object.entries(over)) {
    const old = (under as Record<string, unknown>)[key]
    if (typeof value === 'object' && typeof old === 'object' && old !== null) lay(value as object, old)
    else (under as Record<string, unknown>)[key] = value
  }
}
