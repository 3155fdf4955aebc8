// A Node socket.io relay, as its documentation builds one: a room per conversation, words passed on to the others.
//
// One process, websocket transport, no compression. It keeps no record: words are passed on without being stored,
// acknowledged, numbered, checked or limited, nobody signs in, and who is away misses them. It tells no list of
// conversations either; Switchboard tells every agent's list of each message.
import { Server } from "socket.io";

const io = new Server({ transports: ["websocket"], perMessageDeflate: false, serveClient: false });

io.on("connection", (socket) => {
  let room;
  socket.on("join", (names) => {
    names.forEach((name) => socket.join(name));
    room = names[0];
    socket.emit("joined");
  });
  socket.on("say", (words) => socket.to(room).emit("entry", words));
  socket.on("tell", (name, words) => io.to(name).emit("entry", words));
});

io.listen(Number(process.argv[2]));
