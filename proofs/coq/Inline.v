(** The operations of a program on vectors, one for each component. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Scalars.
Import ListNotations.
Local Open Scope R_scope.

(** Where the components of each vector are; the newest vector first. *)
Notation table := (list (list nat)).

Fixpoint all_some {A} (l : list (option A)) : option (list A) :=
  match l with
  | [] => Some []
  | Some a :: l' => match all_some l' with Some m => Some (a :: m) | None => None end
  | None :: _ => None
  end.

Definition zipped (f : nat -> nat -> operation) (l m : list nat) : list operation :=
  map (fun ab => f (fst ab) (snd ab)) (combine l m).

(** Operations to be added, or where the components are already.  Nodes that depend on a choice are
    refused: they are in derivatives, not in claims. *)
Definition scalar_node (tab : table) (n : node Q) : option (list operation + list nat) :=
  let c k := nth k tab [] in
  match n with
  | Const q => Some (inl [OConst q])
  | Var i => Some (inl [OVar i])
  | Neg a => Some (inl (map ONeg (c a)))
  | Add a b => Some (inl (zipped OAdd (c a) (c b)))
  | Sub a b => Some (inl (zipped OSub (c a) (c b)))
  | Mul a b => Some (inl (zipped OMul (c a) (c b)))
  | Max a b => Some (inl (zipped OMax (c a) (c b)))
  | Call g a => Some (inl (map (OCall g) (c a)))
  | Select a b d =>
    match c a, c b, c d with
    | i :: _, j :: _, k :: _ => Some (inl [OSelect i j k])
    | _, _, _ => None
    end
  | Increment g a b => Some (inl (zipped (OIncrement g) (c a) (c b)))
  | Stack parts => option_map inr (all_some (map (fun k => hd_error (c k)) parts))
  | Index a i => match nth_error (c a) i with Some j => Some (inr [j]) | None => None end
  | Affine rows a => Some (inl (map (fun r => ORow (fst r) (c a) (snd r)) rows))
  | Step _ | Quotient _ _ _ | Quotient2 _ _ _ => None
  end.

Fixpoint scalars (p : list (node Q)) (tab : table) (s : list operation)
  : option (list operation * table) :=
  match p with
  | [] => Some (s, tab)
  | n :: p' =>
    match scalar_node tab n with
    | Some (inl l) => let (s', js) := puts l s in scalars p' (js :: tab) s'
    | Some (inr js) => scalars p' (js :: tab) s
    | None => None
    end
  end.

Definition represents (x : list R) (u : nat -> R) (s : list operation) (e : list vector) (tab : table)
  : Prop := Forall2 (fun v js => v = map (get (values x u s)) js /\
    forall j, In j js -> (j < length s)%nat) e tab.

Lemma represents_nth x u s e tab k : represents x u s e tab ->
  nth k e [] = map (get (values x u s)) (nth k tab []) /\
  forall j, In j (nth k tab []) -> (j < length s)%nat.
Proof.
  intros H. revert k. induction H; intros [|k]; simpl; auto; split; auto; intros ? [].
Qed.
Lemma represents_extends x u s s' e tab : extends s s' -> represents x u s e tab ->
  represents x u s' e tab.
Proof.
  intros X H. pose proof (extends_length _ _ X).
  induction H as [|v js e tab [E I] H IH]; constructor; auto. split.
  - rewrite E. apply map_ext_in. intros j J. symmetry. apply get_extends; auto.
  - intros j J. specialize (I j J). lia.
Qed.
Lemma all_some_ok {A} (l : list (option A)) : forall m, all_some l = Some m -> l = map Some m.
Proof.
  induction l as [|[a|] l IH]; intros m H; simpl in H; try discriminate.
  - now inversion H.
  - destruct (all_some l) as [m'|]; [|discriminate]. inversion H; subst. simpl. f_equal. auto.
Qed.
Lemma zip_map {A B C} (f : B -> B -> C) (g : A -> B) l : forall m,
  zip f (map g l) (map g m) = map (fun ab => f (g (fst ab)) (g (snd ab))) (combine l m).
Proof. unfold zip. induction l; intros [|b m]; simpl; auto. f_equal. apply IHl. Qed.

Lemma scalar_node_ok x u t s e tab n : represents x u s e tab ->
  match scalar_node tab n with
  | None => True
  | Some (inr js) => evaluate x t e n = map (get (values x u s)) js /\
      forall j, In j js -> (j < length s)%nat
  | Some (inl l) => evaluate x t e n = map (operate x 0 (values x u s)) l /\
      forallb settled l = true /\ forallb (fun o => below (length s) (arguments o)) l = true
  end.
Proof.
  intros H.
  assert (N : forall k, nth k e [] = map (get (values x u s)) (nth k tab [])) by (intros; now apply represents_nth).
  assert (L : forall k j, In j (nth k tab []) -> (j < length s)%nat)
    by (intros k j J; now apply (represents_nth _ _ _ _ _ k H)).
  assert (Lb : forall j, (j < length s)%nat -> Nat.ltb j (length s) = true) by (intros; now apply Nat.ltb_lt).
  assert (Z : forall f g a b, (forall i j, operate x 0 (values x u s) (f i j) =
      g (get (values x u s) i) (get (values x u s) j)) ->
    (forall i j, settled (f i j) = true) -> (forall i j, arguments (f i j) = [i; j]) ->
    zip g (nth a e []) (nth b e []) = map (operate x 0 (values x u s)) (zipped f (nth a tab []) (nth b tab [])) /\
    forallb settled (zipped f (nth a tab []) (nth b tab [])) = true /\
    forallb (fun o => below (length s) (arguments o)) (zipped f (nth a tab []) (nth b tab [])) = true).
  { intros f g a b O Se Ar. rewrite !N, zip_map. unfold zipped. rewrite map_map. split; [|split].
    - apply map_ext. intros ab. now rewrite O.
    - rewrite forallb_forall. intros o I. apply in_map_iff in I. destruct I as [ab [<- _]]. apply Se.
    - rewrite forallb_forall. intros o I. apply in_map_iff in I. destruct I as [[i j] [<- I]]. rewrite Ar.
      pose proof (in_combine_l _ _ _ _ I). pose proof (in_combine_r _ _ _ _ I).
      unfold below. simpl. rewrite !Lb; eauto. }
  assert (M : forall f g a, (forall i, operate x 0 (values x u s) (f i) = g (get (values x u s) i)) ->
    (forall i, settled (f i) = true) -> (forall i, arguments (f i) = [i]) ->
    map g (nth a e []) = map (operate x 0 (values x u s)) (map f (nth a tab [])) /\
    forallb settled (map f (nth a tab [])) = true /\
    forallb (fun o => below (length s) (arguments o)) (map f (nth a tab [])) = true).
  { intros f g a O Se Ar. rewrite N, !map_map. split; [|split].
    - apply map_ext. intros i. now rewrite O.
    - rewrite forallb_forall. intros o I. apply in_map_iff in I. destruct I as [i [<- _]]. apply Se.
    - rewrite forallb_forall. intros o I. apply in_map_iff in I. destruct I as [i [<- I]]. rewrite Ar.
      unfold below. simpl. rewrite Lb; eauto. }
  destruct n; cbn [scalar_node]; auto; try (now apply Z); try (now apply M).
  - (* select *)
    destruct (nth a tab []) as [|i la] eqn:Ea; auto. destruct (nth b tab []) as [|j lb] eqn:Eb; auto.
    destruct (nth c tab []) as [|k lc] eqn:Ec; auto.
    assert (i < length s)%nat by (apply (L a); rewrite Ea; now left).
    assert (j < length s)%nat by (apply (L b); rewrite Eb; now left).
    assert (k < length s)%nat by (apply (L c); rewrite Ec; now left).
    split; [|split]; auto.
    + cbn [evaluate map operate]. rewrite !N, Ea, Eb, Ec. reflexivity.
    + simpl. unfold below. simpl. now rewrite !Lb.
  - (* stack *)
    destruct (all_some _) as [js|] eqn:A; simpl; auto. apply all_some_ok in A.
    assert (K : forall l js, map (fun k => hd_error (nth k tab [])) l = map Some js ->
      map (fun k => hd None (nth k e [])) l = map (get (values x u s)) js /\
      forall j, In j js -> (j < length s)%nat).
    { clear A. induction l as [|k l IH]; intros [|j ks] E; simpl in E; try discriminate.
      - split; auto. intros ? [].
      - inversion E as [[E1 E2]]. destruct (IH ks E2) as [I1 I2].
        destruct (nth k tab []) as [|j' r] eqn:Ek; [discriminate|]. inversion E1; subst j'. split.
        + simpl. rewrite I1. f_equal. rewrite N, Ek. reflexivity.
        + intros i [<-|I]; auto. apply (L k). rewrite Ek. now left. }
    now apply K.
  - (* index *)
    destruct (nth_error (nth a tab []) i) as [j|] eqn:E; auto. split.
    + cbn [evaluate map]. f_equal. rewrite N. rewrite (nth_indep _ None (get (values x u s) 0)).
      * rewrite map_nth. f_equal. now apply nth_error_nth.
      * rewrite map_length. apply nth_error_Some. now rewrite E.
    + intros k [<-|[]]. apply (L a). eapply nth_error_In; eauto.
  - (* affine *)
    cbn [evaluate]. rewrite map_map. split; [|split].
    + apply map_ext. intros r. simpl. now rewrite N.
    + rewrite forallb_forall. intros o I. apply in_map_iff in I. now destruct I as [r [<- _]].
    + rewrite forallb_forall. intros o I. apply in_map_iff in I. destruct I as [r [<- _]]. simpl.
      unfold below. rewrite forallb_forall. intros j J. apply Lb. eauto.
Qed.

(** The values of the program, whatever the choices. *)
Theorem scalars_ok x t u p : forall tab s s' tab' e, scalars p tab s = Some (s', tab') ->
  represents x u s e tab -> extends s s' /\ represents x u s' (run x t p e) tab'.
Proof.
  induction p as [|n p IH]; intros tab s s' tab' e E H; simpl in E.
  - inversion E; subst. split; auto. apply extends_refl.
  - pose proof (scalar_node_ok x u (t (length e)) s e tab n H) as K.
    destruct (scalar_node tab n) as [[l|js]|]; [| |discriminate].
    + destruct K as [K1 [K2 K3]]. destruct (puts l s) as [s1 js] eqn:P.
      destruct (puts_ok x u 0 l s s1 js P K2 K3) as [X [Lj [I V]]].
      destruct (IH (js :: tab) s1 s' tab' (evaluate x (t (length e)) e n :: e) E) as [X' R].
      { constructor; [|now apply (represents_extends x u s)]. split; auto. now rewrite K1, V. }
      split; auto. eapply extends_trans; eauto.
    + apply (IH (js :: tab) s s' tab' (evaluate x (t (length e)) e n :: e) E). constructor; auto.
Qed.

(** No operation of it depends on a choice. *)
