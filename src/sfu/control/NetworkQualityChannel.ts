import { qualityMessageSchema } from '../quality/report.js';
import type { QualityMessage } from '../quality/report.js';
import { ControlChannel } from './ControlChannel.js';

/**
 * `network_quality`: a client tells what it measures, and is answered how good its network is, and the others'. The
 * answer has it measure again, about a second later.
 */
export class NetworkQualityChannel extends ControlChannel<QualityMessage> {
  readonly #answer: (message: QualityMessage) => Promise<object>;

  constructor(answer: (message: QualityMessage) => Promise<object>) {
    super(qualityMessageSchema);
    this.#answer = answer;
  }

  protected onReady(): void {
    // The client begins.
  }

  protected onMessage(message: QualityMessage): void {
    this.#answer(message).then(
      (answer) => this.send(answer),
      () => {
        // The media are just closing. A client that gets no answer asks again.
      },
    );
  }
}
