import { data, type Http } from "../http/http.js";
import { everyItem, type Page, type PageOptions } from "../http/pages.js";
import type {
  CallOptions,
  CreatedWebhook,
  Delivery,
  NewWebhook,
  Webhook,
  WebhookSecret,
} from "../types.js";

const ALL = "/api/v1/library/webhooks";
const ONE = "/api/v1/library/webhooks/{webhook_id}";

/** URLs that are told of your jobs. They belong to a user: the service key gets Forbidden. */
export class Webhooks {
  constructor(private readonly http: Http) {}

  /**
   * Registers a URL. The response has its secret, which is not shown again. Without a URL, the webhook signs what is
   * sent to the `webhook_url` of single jobs.
   */
  create(webhook: NewWebhook = {}, options: CallOptions = {}): Promise<CreatedWebhook> {
    return data(this.http.api.POST(ALL, { body: webhook, ...options }));
  }

  /** All your webhooks, newest first. */
  async list(options: CallOptions = {}): Promise<Webhook[]> {
    return (await data(this.http.api.GET(ALL, { ...options }))).items;
  }

  /** Deletes a webhook with its deliveries. What is pending is not sent any more. */
  async delete(webhookId: string, options: CallOptions = {}): Promise<void> {
    const params = { path: { webhook_id: webhookId } };
    await data(this.http.api.DELETE(ONE, { params, ...options }));
  }

  /** Gives a webhook a new secret, which is not shown again. For a day, the old one signs, too. */
  rotateSecret(webhookId: string, options: CallOptions = {}): Promise<WebhookSecret> {
    const params = { path: { webhook_id: webhookId } };
    return data(this.http.api.POST(`${ONE}/rotate-secret`, { params, ...options }));
  }

  /** One page of what was and is to be sent to a webhook, newest first. */
  deliveries(
    webhookId: string,
    { signal, ...query }: PageOptions & CallOptions = {},
  ): Promise<Page<Delivery>> {
    const params = { path: { webhook_id: webhookId }, query };
    return data(this.http.api.GET(`${ONE}/deliveries`, { params, ...(signal && { signal }) }));
  }

  allDeliveries(
    webhookId: string,
    options: CallOptions = {},
  ): AsyncGenerator<Delivery, void, undefined> {
    return everyItem((page) => this.deliveries(webhookId, { ...page, ...options }));
  }

  /** Sends a delivery again. This also enables a webhook that was disabled. */
  redeliver(
    webhookId: string,
    deliveryId: string,
    options: CallOptions = {},
  ): Promise<Delivery> {
    const params = { path: { webhook_id: webhookId, delivery_id: deliveryId } };
    return data(
      this.http.api.POST(`${ONE}/deliveries/{delivery_id}/redeliver`, { params, ...options }),
    );
  }
}
