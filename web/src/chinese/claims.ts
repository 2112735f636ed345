import type * as english from '../english/claims'
import type { Said } from '../languages'

const short = (value: number) => String(Number(value.toPrecision(3)))

export default {
  labels: {
    measured: (count) => `实测：本章的${count}条论断（英文）`,
    verdicts: { 'borne out': '得到证实', 'not borne out': '未得到证实', undecided: '尚无定论', 'not applicable': '不适用' },
    decides: '判断的依据',
    between: (least, most) =>
      least !== null && most !== null ? `要求：${short(least)}到${short(most)}` : least !== null ? `要求：至少${short(least)}` : `要求：至多${short(most!)}`,
    how: (threads) =>
      `由“python benchmarks/zoo.py rivals”在${threads}个处理器核上写出；±是95%区间宽度的一半。“sfumato claims digits”会在你的机器上把它们全部重测一遍。`,
    quick: '这是加上--quick时的结果：训练短、图片少，所以区间很宽。',
  },
} satisfies Said<typeof english>
