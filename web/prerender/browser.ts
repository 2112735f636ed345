/** What the pages' modules ask of a browser as they load, for the build, which has none: they are drawn as at first sight. */
Object.assign(globalThis, {
  location: { search: '', pathname: '', hash: '' },
  addEventListener() {},
  matchMedia: () => ({ matches: false, addEventListener() {} }),
})
