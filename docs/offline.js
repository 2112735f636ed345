// Search is a worker, and a browser starts none for a page that is opened from a disk. There the worker's code runs in a
// frame of the page's own.
if (location.protocol === 'file:') {
  window.Worker = class {
    constructor(address) {
      this.frame = Object.assign(document.createElement('iframe'), { hidden: true, title: 'Search' })
      document.body.append(this.frame)
      const inside = this.frame.contentWindow
      inside.postMessage = (data) => queueMicrotask(() => this.onmessage?.({ data: structuredClone(data) }))
      const script = inside.document.createElement('script')
      this.ready = new Promise((resolve) => (script.onload = resolve))
      script.onerror = (event) => this.onerror?.(event)
      script.src = new URL(address, document.baseURI)
      inside.document.head.append(script)
    }
    postMessage(data) {
      const inside = this.frame.contentWindow
      this.ready.then(() => inside.dispatchEvent(new inside.MessageEvent('message', { data: structuredClone(data) })))
    }
    terminate() {
      this.frame.remove()
    }
  }
}
