(** Proof trees by bisection: if every leaf is proved, so is the box. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Intervals Arithmetic Bounds Models.
Import ListNotations.
Local Open Scope R_scope.

(** * Bisection

    The bytes of a tree in preorder: below 64 the number of the variable that is halved, lower half
    first; 64, 65 and 66 a leaf of degree 0, 1 and 2.  Where a degree is not enough, those above it are
    tried, and a leaf that is still not proved is halved [deeper] times at most. *)

Fixpoint put {A} (i : nat) (x : A) (l : list A) : list A :=
  match l, i with
  | [], _ => []
  | _ :: l', O => x :: l'
  | y :: l', S i' => y :: put i' x l'
  end.

Definition cut_at (m : float) (i : nat) (b : list interval)
  : option (list interval * list interval) :=
  match nth_error b i with
  | None => None
  | Some x =>
    if finite m then Some (put i (Ends (low x) m) b, put i (Ends m (high x)) b) else None
  end.
Definition halves (i : nat) (b : list interval) : option (list interval * list interval) :=
  match nth_error b i with None => None | Some x => cut_at (middle x) i b end.

(** The widest variable in units of the [scale] of each.  On the face of a domain one has a number that is
    none of binary64, and the same width of a last place for ever: it is not halved. *)
Fixpoint widest (i best : nat) (size : float) (unit b : list interval) : nat :=
  match unit, b with
  | u :: unit', x :: b' =>
    let w := (width x / width u)%float in
    let m := middle x in
    if is_lt size w && is_lt (low x) m && is_lt m (high x) then widest (S i) i w unit' b' else widest (S i) best size unit' b'
  | _, _ => best
  end.

(* Inside Coq both sides of [||] are computed: where that is long, this is the same. *)
Local Notation "a ||| b" := (if a then true else b) (at level 50, left associativity).
Local Notation "a &&& b" := (if a then b else false) (at level 40, left associativity).

Section Trees.
Variable leaf : nat -> list interval -> bool.
Variable unit : list interval.

Definition leaf_from (degree : nat) (b : list interval) : bool :=
  leaf degree b ||| (Nat.eqb degree 0 &&& leaf 1 b) ||| (Nat.ltb degree 2 &&& leaf 2 b).
Fixpoint close (deeper degree : nat) (b : list interval) : bool :=
  leaf_from degree b |||
  match deeper with
  | O => false
  | S k =>
    match halves (widest 0 0 0 unit b) b with
    | Some (l, h) => close k degree l &&& close k degree h
    | None => false
    end
  end.

(** The bytes that are left, if the tree at the start of [bytes] proves the box [b]. *)
Fixpoint walk (depth deeper : nat) (b : list interval) (bytes : list nat) : option (list nat) :=
  match depth, bytes with
  | S k, c :: rest =>
    if Nat.ltb c 64 then
      match halves c b with
      | Some (l, h) =>
        match walk k deeper l rest with
        | Some rest' => walk k deeper h rest'
        | None => None
        end
      | None => None
      end
    else if Nat.ltb c 67 && close deeper (c - 64) b then Some rest
    else None
  | _, _ => None
  end.

Variable P : list R -> Prop.
Hypothesis leaf_ok : forall degree b, leaf degree b = true ->
  forall x, Forall2 contains b x -> P x.

Lemma put_ok i : forall b x y, Forall2 contains b x -> (forall v, nth_error x i = Some v ->
  contains y v) -> Forall2 contains (put i y b) x.
Proof.
  induction i; intros b x y F H; destruct F; simpl; constructor; auto.
Qed.
Lemma nth_error_ok i : forall b x y, Forall2 contains b x -> nth_error b i = Some y ->
  exists v, nth_error x i = Some v /\ contains y v.
Proof.
  induction i; intros b x y F H; destruct F; simpl in *; try discriminate; eauto.
  inversion H; subst; eauto.
Qed.
Lemma cut_at_ok m i b l h x : cut_at m i b = Some (l, h) -> Forall2 contains b x ->
  Forall2 contains l x \/ Forall2 contains h x.
Proof.
  unfold cut_at. destruct (nth_error b i) as [y|] eqn:E; [|discriminate].
  destruct (finite m) eqn:M; [|discriminate]. intros K F. inversion K; subst; clear K.
  destruct (nth_error_ok _ _ _ _ F E) as [v [V [L U]]].
  destruct (Rle_dec v (toR m)) as [S|S]; [left|right]; apply put_ok; auto;
    intros w W; rewrite V in W; inversion W; subst; split; cbn [low high]; auto.
  - now apply finite_upper.
  - apply finite_lower; auto. lra.
Qed.
Lemma halves_ok i b l h x : halves i b = Some (l, h) -> Forall2 contains b x ->
  Forall2 contains l x \/ Forall2 contains h x.
Proof.
  unfold halves. destruct (nth_error b i); [|discriminate]. apply cut_at_ok.
Qed.

Lemma leaf_from_ok degree b : leaf_from degree b = true -> forall x, Forall2 contains b x -> P x.
Proof.
  unfold leaf_from. intros H x F. apply orb_prop in H. destruct H as [H|H]; [apply orb_prop in H; destruct H as [H|H]|];
    try (apply andb_prop in H; destruct H as [_ H]); eapply leaf_ok; eauto.
Qed.
Lemma close_ok deeper degree : forall b, close deeper degree b = true ->
  forall x, Forall2 contains b x -> P x.
Proof.
  induction deeper; intros b H x F; simpl in H; apply orb_prop in H; destruct H as [H|H];
    try discriminate; try (eapply leaf_from_ok; eauto; fail).
  destruct (halves _ b) as [[l h]|] eqn:E; [|discriminate].
  apply andb_prop in H; destruct H as [H1 H2].
  destruct (halves_ok _ _ _ _ _ E F); eauto.
Qed.

Theorem walk_ok depth : forall deeper b bytes rest, walk depth deeper b bytes = Some rest ->
  forall x, Forall2 contains b x -> P x.
Proof.
  induction depth; intros deeper b bytes rest H x F; destruct bytes as [|c bytes];
    try discriminate; simpl in H. destruct (Nat.ltb c 64).
  - destruct (halves c b) as [[l h]|] eqn:E; [|discriminate].
    destruct (walk depth deeper l bytes) as [rest'|] eqn:W; [|discriminate].
    destruct (halves_ok _ _ _ _ _ E F); eauto.
  - destruct (Nat.ltb c 67 && close deeper (c - 64) b) eqn:W; [|discriminate].
    apply andb_prop in W; destruct W. eapply close_ok; eauto.
Qed.
End Trees.
