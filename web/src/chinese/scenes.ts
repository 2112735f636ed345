import type * as english from '../english/scenes'
import type { Said } from '../languages'

export default {
  scenes: {
    ways: '这个场景',
    fill: '全屏',
    leave: '退出全屏',
    embed: '嵌入',
    whole: '打开课程',
    paste: '把这段代码贴进你的网页：',
    alone: '只看场景',
    title: '模拟',
    lead: '每个场景单独成页：可以用来讲课，也可以放进你自己的网页。',
  },
} satisfies Said<typeof english>
