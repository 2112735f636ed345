import type * as english from '../english/live'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const times = ['噪声少（t = 0.2）', '一半一半（t = 0.5）', '噪声多（t = 0.8）']

export default {
  live: {
    needs: '这些页面没有带上后面的程序。在你自己的机器上，用这条命令连同程序一起打开：',
    train: {
      heading: '就在这里训练',
      without: '在这里，你本可以看着网络从零开始，用一两分钟学会数字。',
      says: (minutes) => `就是这几章的网络，从随机的权重开始，用同样的数字，由提供这一页的处理器来训练。要${minutes * 60}秒。什么也不保存。`,
      start: '训练',
      again: '再训练一次',
      stop: '停止',
      states: {
        starting: '正在载入PyTorch和数字…',
        training: '正在学习。',
        finished: '训练已结束。',
        stopped: '已停止。',
      },
      stands: (images, seconds) => `看过${number(images)}张图片，${seconds.toFixed(0)}秒`,
      curve: '所猜噪声的误差，随看过的图片数的变化：1表示什么也不知道',
      curveDescribed: (images, errors) => `看过${number(images)}张图片之后，所猜噪声的误差：${errors.map((error, i) => `${times[i]}是${fixed(error, 3)}`).join('，')}。`,
      times,
      moment: '时刻',
      at: (images) => (images ? `${number(images)}张图片` : '训练前'),
      loss: (loss) => `训练损失${fixed(loss, 3)}`,
      samples: '同样的十六个种子，依次要0到9',
      sample: (digit, seed) => `要的是${digit}，种子${seed}`,
    },
    draw: {
      heading: '你自己的模型',
      without: '在这里，你本可以用自己训练的模型来画。',
      noRun: '这里是软件包自带的数字。要用你自己的模型来画，请结束这门课，再带上那次训练的文件夹重新打开：',
      opening: '正在打开数字…',
      facts: { name: '模型', shape: '一张图片', points: '一个点', parameters: '参数', classes: '类别', device: '计算设备' },
      shape: (shape) => (shape.length === 1 ? `${shape[0]}个坐标` : `${shape[2]} × ${shape[1]}像素，${shape[0] === 1 ? '灰度' : '彩色'}`),
      parameters: (count) => (count < 1e6 ? number(count) : `${fixed(count / 1e4, 0)}万`),
      classes: (names) => (names.length ? `${names.slice(0, 12).join('、')}${names.length > 12 ? `，还有${names.length - 12}个` : ''}` : '没有'),
      of: '类别',
      each: '依次各一个',
      count: '画几张',
      seed: '第一个种子',
      fresh: '换一批种子',
      sampler: '采样器',
      steps: '步数',
      guidance: '引导',
      plain: '不理会类别',
      insists: '坚持要这个类别',
      draw: '画',
      drawing: '正在画…',
      stop: '停止',
      few: (sampler, needs) => `${sampler}至少要${needs}步。`,
      drawn: (count, first, sampler, steps, seconds) =>
        `种子${count === 1 ? first : `${first}到${first + count - 1}`}，${sampler}，${steps}步：${fixed(seconds, seconds < 10 ? 1 : 0)}秒`,
      described: (count, name, of) => `${name}画的${count}张${of && `，类别：${of}`}`,
    },
  },
} satisfies Said<typeof english>
