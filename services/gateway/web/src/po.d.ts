declare module "*.po" {
  const messages: import("../plugins/messages").Messages;
  export default messages;
}
